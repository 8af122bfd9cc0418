"""Verification with journeys, and a baseline of trouble that comes and goes (about 1 s)."""

from collections.abc import Callable

import pytest
from tests.phases.values import executed, plan, ref
from tests.support.hand_clock import START, HandClock
from tests.support.world import ScriptedProbes, ScriptedTelemetry, catalogue, eyes

from vigil.domain.catalogue import Catalogue
from vigil.domain.journey import JourneyProbe, JourneyStep
from vigil.domain.proof import Outcome, Proof
from vigil.verify.baseline import (
    CHANCE_EVERY_S,
    CHANCE_LOOKS,
    MOST_LOOKS,
    Baseline,
    take_baseline,
)
from vigil.verify.eyes import Eyes
from vigil.verify.improved import improved
from vigil.verify.looks import PASSES, SURE_WALKS, WALKS, WINDOW_S
from vigil.verify.starting import PATIENCE_S
from vigil.verify.verify import verify

CHECKOUT, BUY = "web/checkout", "web/buy"
AGAIN_S = (CHANCE_LOOKS - 1) * CHANCE_EVERY_S
"""Of each baseline: the further looks at the neighbours."""


def with_journey(*, alone: bool = False) -> Catalogue:
    """The shop with a journey that proves its checkout: beside the quick probe, or alone."""
    known = catalogue()
    web = known.services["web"]
    journey = JourneyProbe(kind="journey", steps=(JourneyStep(open="http://127.0.0.1:1/"),))
    proving = {"probes": ("buy",)} if alone else {"prove_with": ("buy",)}
    symptom = web.symptoms["checkout-errors"].model_copy(update=proving)
    changed = web.model_copy(
        update={
            "probes": {**web.probes, "buy": journey},
            "symptoms": {**web.symptoms, "checkout-errors": symptom},
        }
    )
    return known.model_copy(update={"services": {**known.services, "web": changed}})


def _seen_failing(rows: dict[str, str]) -> str:
    """The quick probe is looked at several times before: where one fails, the others do too."""
    row = rows.get(CHECKOUT, "P")
    return (CHANCE_LOOKS - 1) * "F" + row if row[0] == "F" else row


class Talk:
    """One verification: the first letter of each row is the baseline."""

    def __init__(self, rows: dict[str, str], *, alone: bool = False) -> None:
        self.catalogue = with_journey(alone=alone)
        self.clock = HandClock()
        self.probes = ScriptedProbes(self.clock, rows | {CHECKOUT: _seen_failing(rows)})
        self.plan = plan(self.catalogue)
        self.seconds = 0.0

    async def baseline(self, bad: Callable[[], float | None] = lambda: None) -> Baseline:
        return await take_baseline(self.plan, self.eyes(bad), START)

    def eyes(self, bad: Callable[[], float | None]) -> Eyes:
        telemetry = ScriptedTelemetry(self.clock, bad=bad)
        return eyes(self.catalogue, self.probes, self.clock, telemetry)

    async def proof(self, condition: str = "?") -> Proof:
        baseline = await self.baseline()
        began = self.clock.elapsed()
        bad = {"F": 1.0, "P": 0.0, "?": None}[condition]
        looking = self.eyes(lambda: bad)
        proof = await verify(self.plan, executed(self.plan), baseline, looking)
        self.seconds = self.clock.elapsed() - began
        return proof

    def walks(self) -> int:
        """After the baseline's."""
        return self.probes.looks[BUY] - 1


# --- journeys --------------------------------------------------------------------------------


async def test_a_journey_is_walked_before_and_twice_when_the_probes_are_steady() -> None:
    talk = Talk({CHECKOUT: "FP", BUY: "FP"})
    proof = await talk.proof()
    assert proof.outcome is Outcome.VERIFIED
    assert talk.walks() == WALKS
    assert talk.probes.looks[CHECKOUT] - CHANCE_LOOKS == PASSES + WALKS, (
        "looked at again after each walk"
    )
    assert proof.window_s >= WINDOW_S
    assert "2 of 2 proving probes failed before" in proof.text


async def test_every_walk_is_part_of_the_proof() -> None:
    proof = await Talk({CHECKOUT: "FP", BUY: "FFP"}).proof()
    (journey,) = (change for change in proof.probes if change.ref == ref(BUY))
    assert journey.proves
    assert journey.before is not None
    assert journey.before.outcome == "failing"
    assert [walk.outcome for walk in journey.after] == ["failing", "passing", "passing"]


async def test_it_is_not_walked_while_the_probes_fail() -> None:
    talk = Talk({CHECKOUT: "F", BUY: "FP"})
    assert (await talk.proof()).outcome is Outcome.NOT_FIXED
    assert talk.walks() == 0


async def test_it_is_not_walked_while_the_condition_holds() -> None:
    talk = Talk({CHECKOUT: "FP", BUY: "FP"})
    assert (await talk.proof(condition="F")).outcome is Outcome.NOT_FIXED
    assert talk.walks() == 0


@pytest.mark.parametrize("row", ["F", "F?", "P?", "F" + 50 * "PF", "F" + 50 * "P?"])
async def test_a_journey_that_never_ends_well_twice_is_not_verified(row: str) -> None:
    talk = Talk({CHECKOUT: "FP", BUY: row})
    proof = await talk.proof()
    assert proof.outcome is Outcome.NOT_FIXED
    assert talk.seconds >= PATIENCE_S
    assert f"The journey {BUY} did not end well" in proof.text or "Not every" in proof.text
    assert improved(proof), "the quick probe passes now, so that undoing might be worse"


async def test_a_failing_walk_is_waited_for() -> None:
    talk = Talk({CHECKOUT: "FP", BUY: "F" + "FFFFPP"})
    assert (await talk.proof()).outcome is Outcome.VERIFIED
    assert talk.walks() == 6


async def test_a_walk_that_failed_anew_has_to_end_well_more_often() -> None:
    talk = Talk({CHECKOUT: "FP", BUY: "F" + "PFPPPPP"})
    assert (await talk.proof()).outcome is Outcome.VERIFIED
    assert talk.walks() == 2 + SURE_WALKS


@pytest.mark.parametrize("quick", ["P", ""], ids=["beside a probe that passed", "alone"])
@pytest.mark.parametrize("row", ["FPPF", "FPPPPF", "FFPPPF"])
async def test_two_good_walks_by_chance_prove_nothing(quick: str, row: str) -> None:
    """Where nothing but the walk saw the symptom, as when every other one fails for ever."""
    rows = {CHECKOUT: quick} if quick else {}
    talk = Talk({**rows, BUY: row}, alone=not quick)
    assert (await talk.proof()).outcome is Outcome.NOT_FIXED


async def test_a_journey_that_failed_is_enough_to_have_something_to_prove() -> None:
    """Slow rather than failing: no quick probe saw it."""
    proof = await Talk({CHECKOUT: "P", BUY: "FP"}).proof()
    assert proof.outcome is Outcome.VERIFIED
    assert "1 of 2 proving probes failed before" in proof.text


async def test_a_journey_that_passed_before_still_has_to_pass() -> None:
    assert (await Talk({CHECKOUT: "FP", BUY: "P"}).proof()).outcome is Outcome.VERIFIED
    assert (await Talk({CHECKOUT: "FP", BUY: "PF"}).proof()).outcome is Outcome.NOT_FIXED


async def test_a_neighbour_that_gets_worse_during_the_walks_is_a_regression() -> None:
    row = CHANCE_LOOKS * "P" + PASSES * "P" + "F"
    proof = await Talk({CHECKOUT: "FP", BUY: "FF", "web/catalogue": row}).proof()
    assert proof.outcome is Outcome.REGRESSED


async def test_journeys_alone_prove_over_the_window() -> None:
    talk = Talk({BUY: "FP"}, alone=True)
    proof = await talk.proof()
    assert proof.outcome is Outcome.VERIFIED
    assert talk.seconds >= WINDOW_S
    assert proof.window_s >= WINDOW_S
    assert "1 of 1 proving probes failed before; all passed over 10 s" in proof.text


@pytest.mark.parametrize("row", ["F", "F?", "P", "F" + 50 * "PPF"])
async def test_journeys_alone_that_do_not_last_prove_nothing(row: str) -> None:
    assert (await Talk({BUY: row}, alone=True).proof()).outcome is Outcome.NOT_FIXED


# --- the baseline of a symptom that comes and goes ---------------------------------------------


def always(*answers: bool | None) -> Callable[[], float | None]:
    """What the condition says each time, the last for all that follow."""
    asked = iter([*answers, *[answers[-1]] * 100])

    def bad() -> float | None:
        holds = next(asked)
        return None if holds is None else float(holds)

    return bad


@pytest.mark.parametrize("before", range(MOST_LOOKS))
async def test_it_is_looked_for_again_while_the_condition_holds(before: int) -> None:
    talk = Talk({CHECKOUT: before * "P" + "F", BUY: "P"})
    baseline = await talk.baseline(always(True))
    assert baseline.still_failing(talk.plan.proving)
    assert talk.probes.looks[CHECKOUT] == before + CHANCE_LOOKS
    assert talk.probes.looks[BUY] == 1, "walks are long; one is enough"
    assert talk.clock.elapsed() == pytest.approx(before + AGAIN_S)


async def test_one_that_is_not_seen_in_many_looks_is_gone() -> None:
    talk = Talk({CHECKOUT: "P", BUY: "P"})
    assert not (await talk.baseline(always(True))).still_failing(talk.plan.proving)
    assert talk.probes.looks[CHECKOUT] == MOST_LOOKS


@pytest.mark.parametrize("says", [False, None])
async def test_one_look_is_enough_where_the_condition_does_not_hold(says: bool | None) -> None:
    talk = Talk({CHECKOUT: "PF", BUY: "P"})
    assert not (await talk.baseline(always(says))).still_failing(talk.plan.proving)
    assert talk.probes.looks[CHECKOUT] == 1


async def test_a_condition_that_clears_meanwhile_ends_it() -> None:
    talk = Talk({CHECKOUT: "PPPF", BUY: "P"})
    assert not (await talk.baseline(always(True, True, False))).still_failing(talk.plan.proving)
    assert talk.probes.looks[CHECKOUT] == 3


async def test_the_worst_look_of_each_is_kept() -> None:
    talk = Talk({CHECKOUT: "P?F", BUY: "P", "web/catalogue": "PF", "db/accepts": "?P"})
    baseline = await talk.baseline(always(True))
    looks = {str(result.ref): result.outcome.value for result in baseline.results}
    assert looks[CHECKOUT] == "failing"
    assert [str(ref) for ref in baseline.comes_and_goes] == [CHECKOUT]
    assert looks["db/accepts"] == "passing", "one that could not be looked at is looked at again"
    catalogue = [look.outcome for look in baseline.looks_at(ref("web/catalogue"))]
    assert catalogue == ["passing", *["failing"] * (CHANCE_LOOKS - 1)], "what is chance with it"
    assert [result.ref for result in baseline.results] == [
        *talk.plan.proving,
        *talk.plan.neighbours,
    ]


async def test_a_journey_that_failed_needs_no_second_look() -> None:
    talk = Talk({CHECKOUT: "PF", BUY: "F"})
    assert (await talk.baseline(always(True))).still_failing(talk.plan.proving)
    assert talk.probes.looks[BUY] == 1
    assert talk.probes.looks[CHECKOUT] == CHANCE_LOOKS


async def test_journeys_alone_are_walked_again() -> None:
    talk = Talk({BUY: "PPF"}, alone=True)
    assert (await talk.baseline(always(True))).still_failing(talk.plan.proving)
    assert talk.probes.looks[BUY] == 3
