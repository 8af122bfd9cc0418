"""When a proven cure is looked at again, and what a row of looks says (below 1 s)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.phases.values import ref
from tests.support.hand_clock import START
from tests.support.world import LETTERS

from vigil.domain.afterlook import MOST_LOOKS, Afterlook
from vigil.domain.catalogue import LONGEST_WATCH_S
from vigil.domain.inventory import Kind, Loss
from vigil.domain.probe import ProbeResult
from vigil.observe.aftercare import MOST_SAID, moment_due, moments, said, taken_away


def looked(letters: str) -> tuple[ProbeResult, ...]:
    return tuple(
        ProbeResult(
            ref=ref(f"web/p{n}"),
            outcome=LETTERS[letter],
            text=f"says {letter}",
            seconds=0,
            at=START,
        )
        for n, letter in enumerate(letters)
    )


@pytest.mark.parametrize(
    ("watch_after_s", "when"),
    [
        (0, ()),
        (20, (20,)),
        (60, (60,)),
        (900, (60, 300, 900)),
        (1000, (60, 300, 900, 1000)),
        (LONGEST_WATCH_S, (60, 300, 900, 2700, 8100, 24_300, 72_900, 86_400)),
    ],
)
def test_the_moments_are_few_and_the_last_is_the_end(
    watch_after_s: int, when: tuple[int, ...]
) -> None:
    assert moments(watch_after_s) == when
    assert len(when) <= MOST_LOOKS


def test_of_moments_that_were_missed_only_the_newest_is_due() -> None:
    ages = (-5.0, 0.0, 59.9, 60.0, 299.0, 300.0, 899.0, 900.0, 1e9)
    assert [moment_due(age, 900) for age in ages] == [0, 0, 0, 1, 1, 2, 2, 3, 3]
    assert moment_due(1e9, 0) == 0


@given(st.integers(1, LONGEST_WATCH_S), st.lists(st.floats(0, 2e5), max_size=20))
def test_however_the_time_passes_no_moment_is_due_twice_and_the_end_is_not_missed(
    watch_after_s: int, ages: list[float]
) -> None:
    looked_at: list[int] = []
    for age in sorted((*ages, float(watch_after_s))):
        due = moment_due(age, watch_after_s)
        if due > max(looked_at, default=0):
            looked_at.append(due)
    assert looked_at == sorted(set(looked_at))
    assert looked_at[-1] == len(moments(watch_after_s))


def test_it_says_what_was_seen() -> None:
    assert said(looked("FF"), back=True, times=3) == (
        "web/p0 failed 3 times in a row: says F",
        "web/p1 failed 3 times in a row: says F",
    )
    assert said(looked("PP"), back=False, times=3) == ("What proved it passes (web/p0, web/p1).",)
    assert said(looked("P?"), back=None, times=3) == ("Nobody could look through web/p1: says ?",)
    assert len(said(looked("F" * 50), back=True, times=3)) == MOST_SAID


def test_only_what_the_service_itself_consists_of_is_missed() -> None:
    lost = [Loss(kind=kind, service="web", name="x", text=kind.value) for kind in Kind]
    assert set(taken_away(lost)) == {"instance", "endpoint", "route", "rows"}


def test_a_look_is_told_in_one_sentence_or_two() -> None:
    look = Afterlook(
        number=3, last=True, at=START, after_s=900.4, back=False, seen=("What proved it passes.",)
    )
    assert look.text == (
        "15 min after it was proven: What proved it passes. Nothing further is looked at."
    )
    again = look.model_copy(update={"after_s": 60.0, "back": True, "seen": ("It failed.",)})
    assert again.text == "60 s after it was proven: It failed."
