"""How long a page takes, of several requests (about 4 s)."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from tests.support.hand_clock import HandClock
from tests.support.http_server import Answer, Request, serving
from tests.support.probing import PROBE, REF, look
from tests.support.programs import free_port

from vigil.domain.figures import Figure
from vigil.domain.identity import content_digest
from vigil.integrations.figures.embedded import FileFigures
from vigil.integrations.probes.embedded import EmbeddedProbes

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


async def test_2_each_request_comes_as_a_new_visitor() -> None:
    """A connection that is kept may lead to the one instance that is well."""
    visitors = 0

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal visitors
        visitors += 1
        while await reader.readline():
            if await reader.readuntil(b"\r\n\r\n"):
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(converse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        result = await measured(f"http://127.0.0.1:{port}/")
    assert result.outcome == "passing", result.text
    assert visitors == 10


@pytest.mark.parametrize(
    "spec",
    [
        {"requests": 4},
        {"requests": 101},
        {"at_once": 9},
        {"per_s": 51},
        {"per_s": 1},
        {"p95_ms": 0},
        {"p95_ms": float("inf")},
        {"p95_ms": float("nan")},
        {"text": ""},
    ],
)
def test_mistakes_are_found_when_the_catalogue_is_read(spec: dict[str, Any]) -> None:
    whole = {"kind": "performance", "url": "http://h/", "p95_ms": 100} | spec
    with pytest.raises(ValidationError):
        PROBE.validate_python(whole)


async def test_2_a_quick_page_that_says_sorry_is_failing() -> None:
    async with serving(lambda _: Answer(body=b"We are sorry")) as server:
        result = await measured(server.url(), text="Catalogue")
    assert result.outcome == "failing"
    assert "answered request 1 without 'Catalogue'" in result.text


# what is usual ------------------------------------------------------------------------------------


async def usual_and_now(folder: Path, usual_ms: float, delay_s: float, looks: int = 5) -> Any:  # noqa: ANN401 - as look gives it
    """A look at a page that took so long in former looks, and takes so long now."""
    clock, figures = HandClock(), FileFigures(folder)
    async with serving(lambda _: Answer(delay_s=delay_s)) as server:
        whole = {"kind": "performance", "url": server.url(), "requests": 5, "per_s": 50}
        probe = PROBE.validate_python(whole | {"p95_ms": 9000})
        spec = content_digest(probe.model_dump(mode="json"))
        for _ in range(looks):
            former = Figure(at=clock.now(), p50_ms=usual_ms, p95_ms=usual_ms)
            await figures.keep(REF, spec, former)
        result = await EmbeddedProbes(clock, figures=figures).run(REF, probe)
        return result, len(await figures.known(REF, spec, clock.now()))


async def test_2_within_the_budget_and_slower_than_usual_is_failing(tmp_path: Path) -> None:
    """It is not remembered: what a fault makes of a page does not become usual."""
    result, remembered = await usual_and_now(tmp_path, usual_ms=5, delay_s=0.3)
    assert result.outcome == "failing", result.text
    assert "p50 usually is 5 ms (of 5 looks), and more than 105 ms is no chance" in result.text
    assert (result.usual, remembered) == (5, 5)
    assert result.value >= 300


async def test_5_as_quick_as_usual_is_passing_and_remembered(tmp_path: Path) -> None:
    result, remembered = await usual_and_now(tmp_path, usual_ms=2000, delay_s=0)
    assert result.outcome == "passing", result.text
    assert "within the budget of 9000 ms; 2000 ms is usual" in result.text
    assert (result.usual, remembered) == (2000, 6)


async def test_5_after_few_looks_the_budget_alone_counts_and_that_is_said(tmp_path: Path) -> None:
    result, remembered = await usual_and_now(tmp_path, usual_ms=5, delay_s=0.2, looks=3)
    assert result.outcome == "passing", result.text
    assert "what is usual is not known (3 of 5 looks)" in result.text
    assert (result.usual, remembered) == (None, 4)
    assert "usual" not in result.model_dump(), "left out: old records read and hash as before"
