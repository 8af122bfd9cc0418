"""The scores of ``benchmarks/calibration.py``, on runs whose scores are known (below 1 s)."""

import pytest
from benchmarks.calibrating.scoring import Run, auroc, bins, brier, brier_skill, interval, spread_of


def runs(*pairs: tuple[int, bool]) -> list[Run]:
    return [Run(confidence, proven) for confidence, proven in pairs]


PERFECT = runs((100, True), (0, False), (100, True), (0, False))
SAME = runs((50, True), (50, False))
WRONG = runs((100, False), (0, True))


def test_what_is_known_beforehand_has_every_score() -> None:
    assert (brier(PERFECT), brier_skill(PERFECT), auroc(PERFECT)) == (0, 1, 1)


def test_the_same_word_each_time_is_no_better_than_the_base_rate() -> None:
    assert (brier(SAME), brier_skill(SAME), auroc(SAME)) == (0.25, 0, 0.5)


def test_the_opposite_of_the_truth_is_worse() -> None:
    assert (brier(WRONG), brier_skill(WRONG), auroc(WRONG)) == (1, -3, 0)


def test_of_equal_ones_each_wins_half() -> None:
    assert auroc(runs((90, True), (50, True), (50, False), (10, False))) == 3.5 / 4


def test_where_all_came_out_alike_nothing_can_be_said() -> None:
    alike = runs((90, True), (20, True))
    assert (brier_skill(alike), auroc(alike), spread_of(alike, auroc, seed=1)) == (None, None, None)


def test_wilsons_interval_of_a_known_case() -> None:
    """9 of 10, as in E. B. Wilson's own form of it."""
    assert interval(9, 10) == pytest.approx((0.5958, 0.9821), abs=1e-4)


def test_a_bin_that_says_too_much_is_found() -> None:
    (found,) = bins([Run(95, proven=n < 50) for n in range(100)])
    assert (found["from"], found["runs"], found["said"], found["proven"]) == (90, 100, 0.95, 0.5)
    assert found["overconfident"]


def test_too_little_is_no_mistake() -> None:
    assert not bins([Run(40, proven=True)] * 100)[0]["overconfident"]


def test_the_same_seed_draws_the_same() -> None:
    mixed = runs(*((n, n % 3 == 0) for n in range(60)))
    assert spread_of(mixed, auroc, seed=7) == spread_of(mixed, auroc, seed=7)
