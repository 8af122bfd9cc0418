"""What a swarm's numbers mean, and when they say that a service suffers (below 1 s)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.domain.journey import JourneyProbe
from vigil.domain.strain import ENDED, FIRST, LATELY, LEAST_SHARE, MOST_FAILED, Strain
from vigil.domain.swarm import MOST_GROUPS, Spread, SwarmWish, grouped, hold_point, shape_of


def journey(*steps: dict[str, Any]) -> JourneyProbe:
    return JourneyProbe.model_validate({"steps": [{"open": "http://shop.test/"}, *steps]})


# --- numbers -------------------------------------------------------------------------------------


def test_a_spread_of_a_hundred() -> None:
    spread = Spread.of([n / 100 for n in range(101)])
    assert (spread.count, spread.p50, spread.p95, spread.p99) == (101, 0.5, 0.95, 0.99)


@pytest.mark.parametrize(("seconds", "each"), [([], 0.0), ([2.0], 2.0), ([2.0, 2.0], 2.0)])
def test_a_spread_of_few(seconds: list[float], each: float) -> None:
    spread = Spread.of(seconds)
    assert (spread.count, spread.p50, spread.p99) == (len(seconds), each, each)


@given(st.lists(st.floats(min_value=0, max_value=60), min_size=1))
def test_a_spread_lies_within_what_was_seen(seconds: list[float]) -> None:
    spread = Spread.of(seconds)
    assert min(seconds) <= spread.p50 + 1e-9
    assert spread.p50 <= spread.p95 + 1e-9
    assert spread.p99 <= max(seconds) + 1e-9


def test_failures_are_grouped_by_step_and_shape() -> None:
    groups = grouped(
        [
            (5, "the page answered 500; order 7f3a9c01 shows 'x'"),
            (5, "the page answered 500; order 00bb1122 shows 'x'"),
            (2, "the page answered 500; order 7f3a9c01 shows 'x'"),
        ]
    )
    assert [(group.number, group.count) for group in groups] == [(5, 2), (2, 1)]
    assert groups[0].shape == "the page answered #; order # shows 'x'"
    assert "7f3a9c01" in groups[0].sample


def test_so_many_kinds_of_failures_are_told() -> None:
    # Words of letters alone differ in kind, whatever their number.
    words = [chr(97 + n % 26) * (1 + n // 26) + "x" for n in range(60)]
    assert len(grouped((1, word) for word in words)) == MOST_GROUPS


@pytest.mark.parametrize("word", ["decade", "facade", "added", "beef"])
def test_words_are_no_ids(word: str) -> None:
    assert shape_of(f"the {word} 12") == f"the {word} #"


# --- where sessions are held ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "point"),
    [
        ([{"click": "a"}, {"fill": {"#x": "1"}}, {"click": "b"}, {"note": "p"}], 4),
        ([{"click": "a"}, {"submit": "form"}, {"expect": {"text": "x"}}], 3),
        ([{"expect": {"text": "x"}}, {"expect": {"text": "y"}}], 3),
        ([], 1),
    ],
)
def test_sessions_are_held_before_the_last_that_sends(
    steps: list[dict[str, Any]], point: int
) -> None:
    assert hold_point(journey(*steps)) == point


# --- signs ---------------------------------------------------------------------------------------


def walked(strain: Strain, times: int, seconds: float) -> Strain:
    for _ in range(times):
        strain.took(3, seconds)
    return strain


def test_steady_steps_are_no_sign() -> None:
    assert walked(Strain(), 500, 0.3).sign() is None


def test_a_step_that_takes_much_longer_than_at_first_is() -> None:
    strain = walked(walked(Strain(), FIRST, 0.3), LATELY, 3.0)
    sign = strain.sign()
    assert sign is not None
    assert sign.startswith("step 3 takes 3.00 s, and took 0.30 s")


@pytest.mark.parametrize("later", [1.9, 2.2])
def test_a_little_longer_is_none(later: float) -> None:
    """By a second or two, as a page that is looked at once a second shows: not four times, or
    less than two seconds more.
    """
    assert walked(walked(Strain(), FIRST, 0.6 if later > 2 else 0.1), LATELY, later).sign() is None


def test_a_few_slow_ones_are_none() -> None:
    strain = walked(walked(Strain(), FIRST, 0.3), LATELY, 0.3)
    assert walked(strain, LATELY // 2 - 1, 30.0).sign() is None


def test_failures_are_a_sign_when_there_are_too_many_of_late() -> None:
    strain = Strain()
    for number in range(10):
        strain.ended(well=number >= MOST_FAILED)
        assert strain.sign() is None
    strain.ended(well=False)
    assert strain.sign() == f"{MOST_FAILED + 1} of its newest 11 sessions failed"


def test_old_failures_are_forgotten() -> None:
    strain = Strain()
    for _ in range(5):
        for number in range(ENDED):
            strain.ended(well=number >= MOST_FAILED)
    assert strain.sign() is None


# --- how much of its rate it may use -------------------------------------------------------------


@pytest.mark.parametrize(
    ("lately", "share"), [(0.3, 1.0), (0.6, 1.0), (1.2, 0.5), (2.4, 0.25), (60.0, LEAST_SHARE)]
)
def test_the_longer_a_step_takes_the_slower_they_go_on(lately: float, share: float) -> None:
    strain = walked(walked(Strain(), FIRST, 0.3), LATELY, lately)
    assert strain.share(since=3) == pytest.approx(share)
    assert strain.share(since=4) == 1.0, "of the steps before they say nothing"


def test_what_is_over_quickly_may_take_a_little_longer() -> None:
    assert walked(walked(Strain(), FIRST, 0.01), LATELY, 0.3).share(1) == 1.0


def test_it_may_be_quicker_again() -> None:
    strain = walked(walked(Strain(), FIRST, 0.3), LATELY, 6.0)
    assert walked(strain, LATELY, 0.3).share(1) == 1.0


# --- what a service may ask for ------------------------------------------------------------------


@pytest.mark.parametrize(("sessions", "rate"), [(50, 5.0), (1, 0.1), (2400, 10.0)])
def test_what_a_verification_can_wait_for_may_be_asked_for(sessions: int, rate: float) -> None:
    assert SwarmWish(journey="buy", sessions=sessions, rate=rate).sessions == sessions


def test_what_it_cannot_wait_for_may_not() -> None:
    with pytest.raises(ValueError, match="1000 sessions at 4 a second take 250 s to begin"):
        SwarmWish(journey="buy", sessions=1000, rate=4)
