"""How long a page takes, of several requests (about 2 s)."""

from typing import Any

import pytest
from pydantic import ValidationError
from tests.support.http_server import Answer, Request, serving
from tests.support.probing import PROBE, look
from tests.support.programs import free_port

QUICK = {"requests": 10, "per_s": 50, "p95_ms": 5000}


async def measured(url: str, **spec: object) -> Any:  # noqa: ANN401 - as look gives it
    return await look(**{"kind": "performance", "url": url, "timeout_s": 10} | QUICK | spec)


async def test_2_within_the_budget() -> None:
    async with serving(lambda _: Answer(body=b"Catalogue")) as server:
        result = await measured(server.url("/?key=t0ken"))
        assert len(server.requests) == 10
    assert result.outcome == "passing", result.text
    assert result.value is not None
    assert 0 < result.value < 5000
    assert "Of 10 requests GET http://127.0.0.1" in result.text
    assert "t0ken" not in result.text


async def test_2_slow_at_the_end_is_failing_by_p95_and_slow_always_by_p50() -> None:
    """One of ten is slow, and then all are: what is in the middle tells them apart."""
    count = 0

    def now_and_then(_: Request) -> Answer:
        nonlocal count
        count += 1
        return Answer(delay_s=0.8 if count == 7 else 0)

    async with serving(now_and_then) as server:
        tail = await measured(server.url(), p50_ms=790, p95_ms=790)
    async with serving(lambda _: Answer(delay_s=0.8)) as server:
        all_of_them = await measured(server.url(), p50_ms=790, p95_ms=9000, at_once=8)
    assert (tail.outcome, "the budget of p95 is 790 ms" in tail.text) == ("failing", True), tail
    assert all_of_them.outcome == "failing"
    assert "the budget of p50 is 790 ms" in all_of_them.text
    assert tail.value >= 800


async def test_2_an_answer_that_is_wrong_ends_it() -> None:
    answers = iter([200, 200, 503])
    async with serving(lambda _: Answer(status=next(answers, 200))) as server:
        result = await measured(server.url())
        assert len(server.requests) == 3
    assert result.outcome == "failing"
    assert "answered 503 to request 3, expected 200" in result.text


async def test_2_nobody_there_is_failing_and_no_address_is_unknown() -> None:
    nobody = await measured(f"http://127.0.0.1:{free_port()}/")
    nowhere = await measured("http://127.0.0.1:99999/")
    assert (nobody.outcome, nowhere.outcome) == ("failing", "unknown"), nowhere.text


async def test_4_no_more_at_once_and_no_more_a_second_than_it_says() -> None:
    async with serving(lambda _: Answer()) as server:
        result = await measured(server.url(), requests=5, per_s=10, at_once=4)
    assert result.outcome == "passing"
    assert result.seconds >= 0.4, "five requests, a tenth of a second between two"


@pytest.mark.parametrize(
    "spec",
    [
        {"requests": 4},
        {"requests": 101},
        {"at_once": 9},
        {"per_s": 51},
        {"per_s": 1},
        {"p95_ms": 0},
    ],
)
def test_mistakes_are_found_when_the_catalogue_is_read(spec: dict[str, Any]) -> None:
    whole = {"kind": "performance", "url": "http://h/", "p95_ms": 100} | spec
    with pytest.raises(ValidationError):
        PROBE.validate_python(whole)
