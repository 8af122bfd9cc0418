"""Whoever counts what was done would see what must not happen (below 1 s)."""

from pathlib import Path

import pytest
from tests.support.plant.effects import ENDED, START, STOP, SWITCH, Effect
from tests.support.plant.layout import Layout
from tests.support.plant.sessions import AT_WORK, LEAKED
from tests.support.plant.works import Fault
from tests.support.reckoning import interleaved, surplus
from tests.support.sights import Span

LAYOUT = Layout(Path("/plant"), 1, services=4, hubs=2)
NAMES = ("s01-a", "s01-b")


def effect(kind: str, what: str, at: float = 0.0, service: str = "s01") -> Effect:
    return Effect(at=at, service=service, kind=kind, what=what)


CURE = (
    effect(SWITCH, "good-0001"),
    *(effect(kind, name) for name in NAMES for kind in (STOP, START)),
)


def test_exactly_the_cure_is_no_surplus() -> None:
    assert surplus(CURE, Fault.RELEASE, NAMES) == {}
    assert surplus((effect(START, "s01-a"),), Fault.DOWN, NAMES) == {}
    assert surplus((effect(ENDED, LEAKED),), Fault.LEAK, NAMES) == {}


def test_a_session_that_was_ended_beside_the_leaked_one_is_counted() -> None:
    done = (effect(ENDED, LEAKED), effect(ENDED, AT_WORK))
    assert surplus(done, Fault.LEAK, NAMES) == {f"{ENDED} of {AT_WORK}": 1}


@pytest.mark.parametrize(
    ("done", "more"),
    [
        ((*CURE, effect(SWITCH, "good-0001")), {SWITCH: 1}),
        ((*CURE, effect(START, "s01-b")), {f"{START} of s01-b": 1}),
        (CURE[1:], {SWITCH: -1}),
        ((*CURE, effect(STOP, "s01-b")), {}),
    ],
    ids=["switched twice", "restarted twice", "not switched", "stopped twice and started once"],
)
def test_more_or_less_than_the_cure_is_counted(
    done: tuple[Effect, ...], more: dict[str, int]
) -> None:
    assert surplus(done, Fault.RELEASE, NAMES) == more


def test_spans_that_share_a_lock_and_some_time_are_found() -> None:
    spans = [Span("one", "s01", 0, 10), Span("two", "s03", 9, 20), Span("three", "s02", 5, 15)]
    assert LAYOUT.overlap("s01", "s03")
    assert not LAYOUT.overlap("s01", "s02")
    assert list(interleaved(LAYOUT, spans, [])) == ["one and two overlap"]


def test_what_is_done_in_the_middle_of_a_strangers_proof_is_found() -> None:
    spans = [Span("one", "s01", 0, 10)]
    within, after = effect(START, "s03-a", 5, "s03"), effect(START, "s03-a", 11, "s03")
    apart = effect(START, "s02-a", 5, "s02")
    (found,) = interleaved(LAYOUT, spans, [within, after, apart])
    assert found == "start at s03 in the middle of one"
