"""Whether the symptom's own metric is back where it usually is (well under 1 s)."""

import pytest
from tests.phases.values import plan
from tests.support.hand_clock import START, HandClock
from tests.support.world import ScriptedProbes, ScriptedTelemetry, catalogue, eyes

from vigil.domain.telemetry import Band, Latency, Usual
from vigil.verify.metric import Metric, metric

CATALOGUE = catalogue()
"""Its condition holds above 0.2."""


def usual(bad: float = 0.0, spread: float = 0.0, seconds: float = 0.1) -> Usual:
    return Usual(
        bad=Band(median=bad, spread=spread, windows=9),
        seconds=Band(median=seconds, spread=0.01, windows=9),
        until=START,
    )


def slow(seconds: float, requests: float = 50) -> Latency:
    return Latency(now_s=seconds, requests=requests, before_s=0.1, since=START, at=START)


async def asked(
    bad: float | None,
    latency: Latency | None = None,
    known: Usual | None = None,
    before: float | None = None,
) -> Metric:
    clock = HandClock()
    telemetry = ScriptedTelemetry(clock, bad=lambda: bad, slow=lambda since, where: latency)
    looking = eyes(CATALOGUE, ScriptedProbes(clock, {}), clock, telemetry)
    return await metric(plan(CATALOGUE), looking, known, before)


@pytest.mark.parametrize(
    ("bad", "known", "back"),
    [
        (None, usual(), None),
        (0.5, usual(), False),
        (0.0, None, True),
        (0.1, None, True),
        (0.11, None, False),
        (0.02, usual(), True),
        (0.03, usual(), False),
        (0.19, usual(), False),
        (0.12, usual(bad=0.1), True),
        (0.15, usual(bad=0.1, spread=0.01), True),
        (0.19, usual(bad=0.1, spread=0.01), False),
    ],
    ids=[
        "nobody counts",
        "the condition holds",
        "clear, and what is usual is not known",
        "clear by the condition alone",
        "clear, and near its limit",
        "two of a hundred may be chance",
        "three of a hundred where none is usual",
        "better and not well",
        "as bad as usual",
        "within what is usual",
        "worse than usual",
    ],
)
async def test_the_bad_share(bad: float | None, known: Usual | None, *, back: bool | None) -> None:
    assert (await asked(bad, known=known)).back is back


@pytest.mark.parametrize(
    ("latency", "back"),
    [(None, True), (slow(0.19), True), (slow(0.3), False), (slow(9.0, requests=2), True)],
    ids=["nobody counts", "less than twice", "three times", "two requests say little"],
)
async def test_the_time_of_a_request(latency: Latency | None, *, back: bool) -> None:
    found = await asked(0.0, latency, usual())
    assert found.back is back
    assert back or "a request takes 0.30 s; 0.10 s is usual" in found.text.lower()


async def test_what_was_counted_before_and_is_not_any_more_is_not_back() -> None:
    """A service that nobody asks, or whose metrics are gone, has no bad requests either."""
    quiet = await asked(None, before=0.6)
    assert quiet.back is False
    assert "counted before the plan acted" in quiet.text
    assert (await asked(0.0, before=0.6)).back is True
