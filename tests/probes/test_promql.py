"""Numbers that a Prometheus gives (below 1 s)."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from tests.support.http_server import Answer, serving
from tests.support.probing import PROBE, look
from tests.support.programs import free_port
from tests.support.prometheus import prometheus

SAMPLES = {"errors": ("3", "4.5"), "one": ("12",), "odd": ("NaN",), "endless": ("+Inf",)}


@pytest.mark.parametrize(
    ("query", "bounds", "outcome", "value", "words"),
    [
        ("sum(errors)", {"max": 8}, "passing", 7.5, "gives 7.5, at most 8 is fine"),
        ("sum(errors)", {"max": 7}, "failing", 7.5, "gives 7.5, more than 7"),
        ("one", {"min": 13}, "failing", 12, "gives 12, less than 13"),
        ("one", {"min": 1, "max": 12}, "passing", 12, "at least 1 and at most 12 is fine"),
        ("2.5", {"max": 3}, "passing", 2.5, ""),
        ("endless", {"max": 3}, "failing", None, "gives inf, more than 3"),
        ("endless", {"min": 3}, "unknown", None, "gives inf, which nobody has measured"),
        ("odd", {"max": 3}, "unknown", None, "gives nan"),
        ("errors", {"max": 8}, "unknown", None, "gives 2 numbers; aggregate them"),
        ("none", {"max": 8}, "unknown", None, "gives nothing; end the query with"),
        ("one[5m]", {"max": 8}, "unknown", None, "gives a matrix; the query has to give one"),
        ("sum by", {"max": 8}, "unknown", None, 'refuses the query: invalid parameter "query"'),
    ],
)
async def test_2_queries(
    query: str, bounds: dict[str, float], outcome: str, value: float | None, words: str
) -> None:
    async with prometheus() as known:
        known.samples = SAMPLES
        result = await look(kind="promql", url=f"{known.url}/", query=query, **bounds)
    assert (result.outcome, result.value) == (outcome, value), result.text
    assert words in result.text


async def test_2_it_follows_what_is_measured() -> None:
    async with prometheus() as known:
        known.samples = {"one": ("1",)}
        assert (await look(kind="promql", url=known.url, query="one", max=5)).value == 1
        known.samples = {"one": ("9",)}
        assert (await look(kind="promql", url=known.url, query="one", max=5)).value == 9


async def test_3_a_token_is_sent_and_not_said(tmp_path: Path) -> None:
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    right.write_text("t0ken\n")
    wrong.write_text("hunter2\n")
    async with prometheus(token="t0ken") as known:
        known.samples = SAMPLES
        spec = {"kind": "promql", "url": known.url, "query": "one", "max": 99}
        outcomes = {}
        for path in (str(right), str(wrong), str(tmp_path / "none")):
            result = await look(**spec, token_file=path)
            outcomes[Path(path).name] = result.outcome.value
            assert not {"t0ken", "hunter2"} & set(result.text.split())
    assert outcomes == {"right": "passing", "wrong": "unknown", "none": "unknown"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"status":"success"}',
        b'{"status":"success","data":{"resultType":"vector","result":[{"value":[1,2]}]}}',
        b'{"status":"success","data":{"resultType":"vector","result":[{"value":[1,"x"]}]}}',
        b'{"status":"success","data":{"resultType":"scalar","result":["1"]}}',
        b'{"status":"success","data":{"resultType":"scalar","result":[1,"1"]},"warnings":["gone"]}',
        b'{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}' + b" " * 1_100_000,
    ],
)
async def test_2_what_is_no_answer_of_prometheus_is_unknown(body: bytes) -> None:
    async with serving(lambda _: Answer(body=body)) as server:
        result = await look(kind="promql", url=server.url(""), query="one", max=1)
    assert (result.outcome, result.value) == ("unknown", None), result.text


async def test_2_a_prometheus_that_does_not_answer_is_unknown() -> None:
    """It is not what the probe is about: its silence says nothing about the service."""
    dead = await look(kind="promql", url=f"http://127.0.0.1:{free_port()}", query="one", max=1)
    async with serving(lambda _: Answer(delay_s=5)) as server:
        slow = await look(kind="promql", url=server.url(""), query="one", max=1, timeout_s=0.3)
    assert (dead.outcome, slow.outcome) == ("unknown", "unknown")


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"max": float("nan")},
        {"min": 2, "max": 1},
        {"max": 1, "query": ""},
        {"max": 1, "url": "prometheus:9090"},
    ],
)
def test_mistakes_are_found_when_the_catalogue_is_read(spec: dict[str, Any]) -> None:
    whole = {"kind": "promql", "url": "http://h", "query": "up"} | spec
    with pytest.raises(ValidationError):
        PROBE.validate_python(whole)
