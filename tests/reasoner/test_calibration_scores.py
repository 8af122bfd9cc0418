"""The scores of ``benchmarks/calibration.py``, on runs whose scores are known, and that it counts
each incident once (about 3 s).
"""

from random import Random

import pytest
from benchmarks.calibrating.houses import CURED, LOOK_ALIKE, TURNS, UNLOGGED, drawn, live
from benchmarks.calibrating.scoring import (
    Run,
    auroc,
    auroc_within,
    bins,
    brier,
    brier_skill,
    interval,
    skill_over_counting,
    spread_of,
)
from benchmarks.calibration import kept, too_high


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


def test_that_houses_differ_is_no_skill_within_a_house() -> None:
    """A good house where all is proven, and a bad one: it tells them apart, and nothing in them."""
    good = [Run(90, proven=n != 0, house="good") for n in range(9)]
    bad = [Run(10, proven=n == 0, house="bad") for n in range(9)]
    assert auroc([*good, *bad]) == pytest.approx(0.889, abs=1e-3)
    assert auroc_within([*good, *bad]) == 0.5
    assert auroc_within(runs((90, True), (10, False))) is None, "no house, no pair"


def test_who_only_counts_may_be_as_good() -> None:
    said = [Run(80, proven=n % 5 != 0, house="a", counted=0.8) for n in range(20)]
    assert skill_over_counting(said) == pytest.approx(0)
    worse = [run._replace(counted=0.5) for run in said]
    assert skill_over_counting(worse) == pytest.approx(1 - 0.16 / 0.25)
    assert skill_over_counting(runs((80, True))) is None, "nobody has counted"


def test_runs_of_one_house_say_less_than_as_many_of_many_houses() -> None:
    """The luck of a house is one draw, however many runs it has."""
    of_four = [Run(100, proven=n >= 20, house=str(n // 20)) for n in range(80)]
    alone = [run._replace(house="") for run in of_four]

    def width(of: list[Run]) -> float:
        found = spread_of(of, brier, seed=1)
        assert found is not None
        return found[1] - found[0]

    assert width(of_four) > 2 * width(alone)


def test_where_a_part_is_told_too_much_it_is_named() -> None:
    scores = {"bins": bins([Run(95, proven=n < 5) for n in range(10)]), "auroc_between": None}
    assert list(too_high({"hard": scores})) == ["hard, 90 to 100: said 0.95, proven 0.5 of 10"]
    assert kept(scores), "ten are too few to say so of all"
    scores["bins"] = bins([Run(95, proven=n < 10) for n in range(20)])
    assert not kept(scores)


async def test_each_incident_is_one_and_is_scored_under_its_own_name() -> None:
    """Whatever becomes of one, the next is not taken for more of it."""
    lived = await live("1", "hard", 6, Random(3))  # noqa: S311 - a scene
    assert len(lived) == 6
    for each in (each for each in lived if each.run is not None):
        assert each.run is not None
        assert each.run.scenario == each.scenario
    cured = [each.run.proven for each in lived if each.run and each.scenario == CURED.name]
    others = [each.run.proven for each in lived if each.run and each.scenario == LOOK_ALIKE.name]
    assert (all(cured), any(others)) == (True, False)
    assert cured
    assert others


async def test_what_is_known_beforehand_is_of_before() -> None:
    lived = await live("1", "easy", 3, Random(1))  # noqa: S311 - a scene
    said = [each.run for each in lived if each.run is not None]
    assert [run.seen for run in said] == [False, True, True]
    assert [run.counted for run in said] == pytest.approx([1 / 2, 2 / 3, 3 / 4])
    assert said[0].confidence <= 50, "no house begins with a record"


def test_a_house_that_turns_sees_only_what_it_never_saw() -> None:
    happened = drawn(TURNS, 40, Random(1))  # noqa: S311 - a scene
    assert {each.name for each in happened[:20]} <= {CURED.name, UNLOGGED.name}
    assert {each.name for each in happened[:20]}.isdisjoint(each.name for each in happened[20:])
