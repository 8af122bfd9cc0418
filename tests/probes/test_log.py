"""Rates of lines in a log (about 1 s)."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from tests.support.hand_clock import START, HandClock
from tests.support.probing import PROBE, REF

from vigil.domain.probe import ProbeResult
from vigil.integrations.probes.embedded import EmbeddedProbes


async def look(path: Path, **spec: object) -> ProbeResult:
    """At a moment that the test knows."""
    whole = {"kind": "log", "path": str(path), "where": {"level": "error"}, "max": 3.0} | spec
    return await EmbeddedProbes(HandClock()).run(REF, PROBE.validate_python(whole))


def line(ago_s: float, level: str = "error", **fields: object) -> str:
    return json.dumps(
        {"timestamp": (START - timedelta(seconds=ago_s)).isoformat(), "level": level} | fields
    )


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "shop.jsonl"
    lines = [
        line(90),
        line(59),
        line(40),
        line(20, "info"),
        line(5, event="card refused", status=502),
    ]
    path.write_text("\n".join([*lines, "Traceback (most recent call last):", "[1]", "{"]) + "\n")
    return path


@pytest.mark.parametrize(
    ("spec", "outcome", "value", "words"),
    [
        ({}, "passing", 3.0, "Of 4 lines in the last 60 s, 3 match, 3 a minute, at most 3 is fine"),
        ({"max": 2}, "failing", 3.0, "3 a minute, more than 2"),
        ({"window_s": 120}, "passing", 2.0, "Of 5 lines in the last 120 s, 4 match"),
        ({"window_s": 10}, "failing", 6.0, "Of 1 lines in the last 10 s, 1 match"),
        ({"where": {"level": "error|info"}}, "failing", 4.0, ""),
        ({"where": {"level": "err"}}, "passing", 0.0, ""),
        ({"where": {"level": "error", "event": "card .*"}}, "passing", 1.0, ""),
        ({"where": {"status": "5.."}}, "passing", 1.0, ""),
        ({"where": {"absent": ".+"}}, "passing", 0.0, ""),
        ({"fewest": 4}, "passing", 3.0, ""),
        ({"fewest": 5}, "unknown", None, "3 a minute, and fewer than 5 lines say nothing"),
        ({"fewest": 5, "max": 2}, "failing", 3.0, "3 a minute, more than 2"),
    ],
)
async def test_2_rates(
    log: Path, spec: dict[str, Any], outcome: str, value: float | None, words: str
) -> None:
    result = await look(log, **spec)
    assert (result.outcome, result.value) == (outcome, value), result.text
    assert words in result.text


async def test_2_a_new_log_is_well_and_one_without_times_is_unknown(tmp_path: Path) -> None:
    empty, plain, endless = tmp_path / "empty", tmp_path / "plain", tmp_path / "endless"
    empty.touch()
    endless.write_text("x" * 1_100_000)
    assert (await look(endless)).outcome == "unknown", "longer than is read, without an end"
    plain.write_text('{"level": "error"}\nerror\n')
    assert (await look(empty)).outcome == "passing"
    assert (await look(plain)).outcome == "unknown"


async def test_2_a_log_whose_newest_lines_cannot_be_dated_is_unknown(tmp_path: Path) -> None:
    """As after a release that writes plain text; one line may be half written."""
    path = tmp_path / "changed"
    path.write_text(line(500) + "\n" + '{"timest')
    assert (await look(path)).outcome == "passing"
    path.write_text(line(500) + "\nERROR no such order\nERROR no such order\n")
    assert (await look(path)).outcome == "unknown"


async def test_2_a_log_that_is_ahead_of_the_time_is_unknown(log: Path) -> None:
    """As one whose times are of another zone and do not say so."""
    with log.open("a") as file:
        file.write(line(-7200) + "\n")
    assert (await look(log)).outcome == "unknown"


async def test_2_what_is_no_log_is_unknown(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "none", tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        result = await look(path)
        assert result.outcome == "unknown", result.text


async def test_4_of_a_long_log_the_end_stands_for_all_of_it(tmp_path: Path) -> None:
    """A hundred lines a second over two minutes: a mebibyte holds less than one of them."""
    path = tmp_path / "long"
    rows = (line(120 - n / 100, text="x" * 180) for n in range(12_000))
    path.write_text("\n".join(rows) + "\n")
    result = await look(path, max=10_000)
    assert result.outcome == "passing", result.text
    assert result.value == pytest.approx(6000, rel=0.05)
    assert int(result.text.split()[1]) < 6000


async def test_1_a_log_that_takes_too_long_to_compare_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "hostile"
    path.write_text("\n".join(line(5, event="a" * 499) for _ in range(1500)) + "\n")
    started = datetime.now(UTC)
    result = await look(path, where={"event": "a*a*a*b"}, timeout_s=0.3)
    assert result.outcome == "unknown", result.text
    assert datetime.now(UTC) - started < timedelta(seconds=30)


@pytest.mark.parametrize(
    "spec",
    [
        {"where": {}},
        {"max": float("nan")},
        {"path": "shop.log"},
        {"window_s": 1},
        {"max": -1},
        {"where": {"a": "(b+)+"}},
    ],
)
def test_mistakes_are_found_when_the_catalogue_is_read(spec: dict[str, Any]) -> None:
    whole = {"kind": "log", "path": "/l", "where": {"level": "error"}, "max": 1} | spec
    with pytest.raises(ValidationError):
        PROBE.validate_python(whole)
