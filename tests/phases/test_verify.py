"""Verification as a conversation: a row of looks, a clock in the test's hand (about 1 s)."""

import re
from dataclasses import dataclass

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.phases.values import action, executed, plan, ref
from tests.support.hand_clock import START, HandClock
from tests.support.world import LETTERS, ScriptedProbes, ScriptedTelemetry, catalogue, eyes

from vigil.domain.catalogue import STARTS_WITHIN_S
from vigil.domain.plan import ActionStatus, Execution
from vigil.domain.probe import ProbeResult
from vigil.domain.proof import Outcome, ProbeChange, Proof
from vigil.verify.baseline import CHANCE_LOOKS, take_baseline
from vigil.verify.improved import improved
from vigil.verify.looks import FOR_EACH_UNSEEN, PASSES, STEADIER, WINDOW_S
from vigil.verify.metric import condition_holds
from vigil.verify.neighbours import WELL
from vigil.verify.starting import PATIENCE_S
from vigil.verify.verify import INTERVAL_S, LAST_S, verify

CATALOGUE = catalogue()
PLAN = plan(CATALOGUE)
DONE = executed(PLAN)
CHECKOUT = "web/checkout"


@dataclass(frozen=True)
class Told:
    """A proof, and how long and how often was looked and the condition was asked for it."""

    proof: Proof
    seconds: float
    looks: int
    asked: int


async def talk(
    checkout: str,
    execution: Execution = DONE,
    symptom: str = "checkout-errors",
    condition: str = "?",
    **others: str,
) -> Told:
    """``condition``: what the symptom's own condition says each time it is asked, F for holds.

    Baseline (the first letter of each row) and verification (the rest).
    """
    clock = HandClock()
    rows = {name.replace("__", "/"): before(row) for name, row in others.items()}
    seen = before(checkout) if checkout[0] == "F" else checkout
    probes = ScriptedProbes(clock, {CHECKOUT: seen, **rows})
    planned = plan(CATALOGUE, symptom=symptom)
    baseline = await take_baseline(planned, eyes(CATALOGUE, probes, clock), START)
    began, looked = clock.elapsed(), probes.looks[CHECKOUT]
    asked = 0

    def bad() -> float | None:
        nonlocal asked
        letter = condition[min(asked, len(condition) - 1)]
        asked += 1
        return {"F": 1.0, "P": 0.0, "?": None}[letter]

    telemetry = ScriptedTelemetry(clock, bad=bad)
    proof = await verify(planned, execution, baseline, eyes(CATALOGUE, probes, clock, telemetry))
    return Told(proof, clock.elapsed() - began, probes.looks[CHECKOUT] - looked, asked)


def before(row: str) -> str:
    """Each probe is looked at several times before the plan acts: they all see the first letter."""
    return CHANCE_LOOKS * row[0] + row[1:]


# --- verified --------------------------------------------------------------------------------


async def test_failing_before_and_passing_over_the_window_is_verified() -> None:
    told = await talk("FP")
    assert told.proof.outcome is Outcome.VERIFIED
    assert told.proof.window_s >= WINDOW_S >= 10
    assert told.seconds >= 10
    assert told.looks == PASSES


async def test_a_cure_may_take_a_while_to_show() -> None:
    told = await talk("F" + 15 * "F" + "P")
    assert told.proof.outcome is Outcome.VERIFIED
    assert told.seconds == pytest.approx(30 + 10)


async def test_one_that_comes_back_has_to_stay_away_for_longer() -> None:
    told = await talk("F" + "PPPPPFP")
    assert told.proof.outcome is Outcome.VERIFIED
    assert STEADIER <= told.looks - len("PPPPPF") <= STEADIER + 1
    assert told.proof.window_s == pytest.approx(STEADIER, abs=1), "twice as quick as other looks"


@pytest.mark.parametrize("up_s", [12.0, 20.0, 30.0])
async def test_what_dies_anew_after_a_while_is_not_proven_in_between(up_s: float) -> None:
    """It is broken at first, so it is known to come and go only when it fails again."""
    clock, acted = HandClock(), [1e9]

    def checkout() -> str:
        since = clock.elapsed() - acted[0]
        return "P" if since >= 0 and since % (up_s + 4) >= 4 else "F"

    def neighbour() -> str:
        """Not well for long enough to prove anything in the first of these whiles."""
        return "P" if (since := clock.elapsed() - acted[0]) < 0 or since > up_s else "?"

    probes = ScriptedProbes(clock, {CHECKOUT: checkout, "db/accepts": neighbour})
    looking = eyes(CATALOGUE, probes, clock)
    baseline = await take_baseline(PLAN, looking, START)
    acted[0] = clock.elapsed()
    assert (await verify(PLAN, DONE, baseline, looking)).outcome is not Outcome.VERIFIED


@pytest.mark.parametrize(("seconds", "looks"), [(0.01, 6), (2.0, 2), (5.0, 1)])
async def test_what_hangs_is_looked_at_less_often_and_has_to_pass_more_often(
    seconds: float, looks: int
) -> None:
    """Each such look would hold up the cure by its deadline."""
    clock = HandClock()
    probes = ScriptedProbes(clock, {CHECKOUT: looks * "F" + "P"}, seconds={CHECKOUT: seconds})
    looking = eyes(CATALOGUE, probes, clock)
    baseline = await take_baseline(PLAN, looking, START)
    assert probes.looks[CHECKOUT] == looks
    assert probes.looks["web/catalogue"] == CHANCE_LOOKS
    proof = await verify(PLAN, DONE, baseline, looking)
    assert proof.outcome is Outcome.VERIFIED
    needed = PASSES + FOR_EACH_UNSEEN * (CHANCE_LOOKS - looks)
    assert needed <= probes.looks[CHECKOUT] - looks <= needed + 1
    assert proof.window_s <= max(WINDOW_S, needed), "twice as quick as other looks"


async def test_every_look_is_part_of_the_proof() -> None:
    proof = (await talk("FFP")).proof
    (checkout,) = (change for change in proof.probes if change.proves)
    assert checkout.ref == ref(CHECKOUT)
    assert checkout.before is not None
    assert checkout.before.outcome == "failing"
    assert [r.outcome for r in checkout.after] == ["failing", *PASSES * ["passing"]]
    assert {change.ref for change in proof.probes} == {*PLAN.proving, *PLAN.neighbours}


# --- not verified ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "row",
    ["F", "F" + 30 * "PF", "F" + 10 * "PPPF", "F" + 7 * "PPPPPF", "F?", "F" + 15 * "P?"],
    ids=["failing", "flapping", "flapping slowly", "just too short", "unknown", "now and then"],
)
async def test_never_steady_is_never_verified(row: str) -> None:
    told = await talk(row)
    assert told.proof.outcome is Outcome.NOT_FIXED
    assert told.seconds >= PATIENCE_S


async def test_an_exit_code_of_0_is_not_fixed() -> None:
    assert DONE.succeeded
    assert (await talk("F")).proof.outcome is Outcome.NOT_FIXED


async def test_what_passed_before_cannot_be_proven() -> None:
    assert (await talk("P")).proof.outcome is Outcome.NOT_FIXED
    assert (await talk("?P")).proof.outcome is Outcome.NOT_FIXED


@pytest.mark.parametrize(
    "status", [s for s in ActionStatus if s is not ActionStatus.SUCCEEDED], ids=str
)
async def test_a_plan_that_did_not_run_to_its_end_is_not_proven(status: ActionStatus) -> None:
    proof = (await talk("FP", executed(PLAN, status))).proof
    assert proof.outcome is Outcome.NOT_FIXED
    assert "not run to its end" in proof.text


async def test_a_plan_that_was_stopped_between_its_actions_is_not_proven() -> None:
    stopped = DONE.model_copy(update={"refused": "The stop switch is on."})
    proof = (await talk("FP", stopped)).proof
    assert proof.outcome is Outcome.NOT_FIXED
    assert "not run to its end" in proof.text


async def test_what_cut_a_plan_short_is_told_when_the_symptom_stays() -> None:
    """Or whoever reads it looks for the fault in a cure that was half done."""
    failed = executed(PLAN, ActionStatus.FAILED)
    printed = "switched\n\x1b[2Jrefused: too soon\u202e\n"
    last = failed.results[-1].model_copy(update={"output": printed})
    failed = failed.model_copy(update={"results": (last,)})
    proof = (await talk("F", failed)).proof
    assert f"not run to its end ({last.action} failed: refused: too soon). Not every" in proof.text
    stopped = DONE.model_copy(update={"refused": "The stop switch is on."})
    proof = (await talk("F", stopped)).proof
    assert "not run to its end (The stop switch is on). Not every" in proof.text


def ended(status: ActionStatus, *, interrupted: bool = False) -> Execution:
    execution = executed(PLAN, status)
    last = execution.results[-1].model_copy(update={"interrupted": interrupted})
    return execution.model_copy(update={"results": (last,)})


@pytest.mark.parametrize(
    ("execution", "interrupted"),
    [
        (DONE, False),
        (ended(ActionStatus.FAILED), False),
        (ended(ActionStatus.TIMED_OUT), False),
        (ended(ActionStatus.UNCERTAIN), False),
        (ended(ActionStatus.STOPPED), True),
        (ended(ActionStatus.FAILED, interrupted=True), True),
        (ended(ActionStatus.TIMED_OUT, interrupted=True), True),
        (ended(ActionStatus.UNCERTAIN, interrupted=True), True),
        (DONE.model_copy(update={"refused": "The stop switch is on."}), True),
        (DONE.model_copy(update={"refused": "Cancelled.", "results": ()}), False),
    ],
)
async def test_a_proof_says_whether_something_else_kept_the_plan_from_its_end(
    execution: Execution, *, interrupted: bool
) -> None:
    assert (await talk("F", execution)).proof.interrupted is interrupted


async def test_nothing_was_executed() -> None:
    refused = Execution(plan_digest=PLAN.digest, results=(), refused="The stop switch is on.")
    told = await talk("FP", refused)
    assert told.proof.outcome is Outcome.NOT_EXECUTED
    assert told.proof.text == "The stop switch is on."
    assert told.looks == 0


async def test_nothing_maps_to_the_symptom() -> None:
    told = await talk("FP", symptom="alert:DiskFull")
    assert told.proof.outcome is Outcome.NOTHING_TO_CHECK


# --- the symptom's own condition -------------------------------------------------------------


async def test_probes_that_pass_prove_nothing_while_the_condition_holds() -> None:
    told = await talk("FP", condition="F")
    assert told.proof.outcome is Outcome.NOT_FIXED
    assert "condition of the symptom still holds" in told.proof.text
    assert told.seconds >= PATIENCE_S
    assert improved(told.proof)


@pytest.mark.parametrize("condition", ["P", "?"], ids=["clear", "not known"])
async def test_a_condition_that_does_not_hold_or_is_not_known_leaves_it_to_the_probes(
    condition: str,
) -> None:
    told = await talk("FP", condition=condition)
    assert told.proof.outcome is Outcome.VERIFIED
    assert (told.looks, told.asked) == (PASSES, 1)


async def test_a_condition_that_clears_late_is_waited_for() -> None:
    """Its window counts some seconds of the trouble that was."""
    told = await talk("FP", condition="FFFP")
    assert told.proof.outcome is Outcome.VERIFIED
    assert (told.looks, told.asked) == (PASSES + 3, 4)


async def test_the_condition_is_asked_only_when_the_probes_are_steady() -> None:
    told = await talk("F", condition="F")
    assert 0 < told.asked <= LAST_S / INTERVAL_S, "and once more at the end"
    assert "Not every proving probe passed" in told.proof.text


@pytest.mark.parametrize(
    ("symptom", "share", "holds"),
    [
        ("checkout-errors", 0.5, True),
        ("checkout-errors", 0.2, False),
        ("checkout-errors", None, None),
        ("catalogue-errors", 0.5, None),
        ("alert:DiskFull", 0.5, None),
    ],
    ids=["above", "not above", "too little was counted", "no condition", "no symptom"],
)
async def test_the_condition_is_the_catalogues(
    symptom: str, share: float | None, *, holds: bool | None
) -> None:
    clock = HandClock()
    looking = eyes(
        CATALOGUE,
        ScriptedProbes(clock, {}),
        clock,
        ScriptedTelemetry(clock, bad=lambda: share),
    )
    assert await condition_holds(plan(CATALOGUE, symptom=symptom), looking) is holds


# --- neighbours ------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ["PF", "P?", "P" + 50 * "F?"], ids=["failing", "unknown", "both"])
async def test_a_neighbour_that_got_worse_is_a_regression(row: str) -> None:
    told = await talk("FP", web__catalogue=row)
    assert told.proof.outcome is Outcome.REGRESSED
    assert "web/catalogue passed in 6 of 6 looks before and fails in 8 of" in told.proof.text
    assert STARTS_WITHIN_S <= told.seconds < STARTS_WITHIN_S + INTERVAL_S, (
        "not in the middle of a restart"
    )


@pytest.mark.parametrize("looks", [1, 3, 7, 14, 25])
async def test_a_neighbour_in_trouble_during_the_restart_is_forgiven(looks: int) -> None:
    told = await talk("FP", web__catalogue="P" + looks * "F" + "P")
    assert told.proof.outcome is Outcome.VERIFIED
    assert told.looks == max(PASSES, looks + WELL)


@pytest.mark.parametrize("row", ["F", "FP", "F?", "?P"])
async def test_a_neighbour_that_was_ill_before_proves_nothing(row: str) -> None:
    assert (await talk("FP", web__catalogue=row)).proof.outcome is Outcome.VERIFIED


@pytest.mark.parametrize("row", ["?", "?F", "?PF"])
async def test_a_neighbour_that_nobody_could_look_at_has_to_be_well_in_the_end(row: str) -> None:
    assert (await talk("FP", web__catalogue=row)).proof.outcome is Outcome.NOT_FIXED


async def test_it_is_not_verified_while_a_neighbour_is_down() -> None:
    """The last look that would complete the window finds a neighbour failing: look on."""
    told = await talk("FP", web__catalogue="P" + 5 * "P" + "FP")
    assert told.proof.outcome is Outcome.VERIFIED
    assert told.looks == PASSES + WELL


@pytest.mark.parametrize("row", [30 * "FFFP", 30 * "?FP", 30 * "FPF"])
async def test_a_neighbour_that_is_ill_most_of_the_time_has_got_worse(row: str) -> None:
    assert (await talk("FP", db__accepts="P" + row)).proof.outcome is Outcome.REGRESSED


async def test_a_neighbour_that_is_ill_half_of_the_time_is_never_taken_for_well() -> None:
    assert (await talk("FP", db__accepts="P" + 30 * "FP")).proof.outcome is Outcome.NOT_FIXED


async def test_a_neighbour_that_comes_and_goes_as_it_did_before_holds_up_nothing() -> None:
    clock = HandClock()
    probes = ScriptedProbes(clock, {CHECKOUT: CHANCE_LOOKS * "F" + "P", "db/accepts": 30 * "FP"})
    baseline = await take_baseline(PLAN, eyes(CATALOGUE, probes, clock), START)
    proof = await verify(PLAN, DONE, baseline, eyes(CATALOGUE, probes, clock))
    assert proof.outcome is Outcome.VERIFIED


# --- clocks ----------------------------------------------------------------------------------


@pytest.mark.parametrize("jump_s", [3600.0, -3600.0, 11.0, -11.0])
@pytest.mark.parametrize("at_look", range(1, 11))
async def test_a_wall_clock_that_is_set_changes_nothing(jump_s: float, at_look: int) -> None:
    clock = HandClock()
    looks = 0

    def checkout() -> str:
        nonlocal looks
        looks += 1
        if looks == at_look:
            clock.set_wall(jump_s)
        return "F" if looks <= CHANCE_LOOKS else "P"

    probes = ScriptedProbes(clock, {CHECKOUT: checkout})
    looking = eyes(CATALOGUE, probes, clock)
    baseline = await take_baseline(PLAN, looking, START)
    began = clock.elapsed()
    proof = await verify(PLAN, DONE, baseline, looking)
    assert proof.outcome is Outcome.VERIFIED
    assert clock.elapsed() - began >= 10
    assert proof.window_s >= 10


# --- in general ------------------------------------------------------------------------------


@given(st.text(alphabet="FP?", min_size=1, max_size=40))
@example("F????????????????????PFP")
async def test_verified_means_six_passes_in_a_row_after_a_failure(row: str) -> None:
    """Or many more, where it failed once more after it had passed."""
    told = await talk(row)
    seen = (row[1:] + 100 * row[-1])[: told.looks]
    needed = STEADIER if re.search("P.*F", seen) else PASSES
    if told.proof.outcome is Outcome.VERIFIED:
        assert row[0] == "F"
        assert seen.endswith(needed * "P")
        assert told.proof.window_s >= 10
    else:
        assert row[0] != "F" or needed * "P" not in seen
        assert told.seconds >= PATIENCE_S
    assert told.seconds <= PATIENCE_S + 2


@pytest.mark.parametrize(
    ("before", "after", "proves", "better"),
    [
        ("F", "P", True, True),
        ("F", "FP", True, True),
        ("F", "FFP", True, False),
        ("FFFF", "FFFF" + "PFPFPPPF", True, True),
        ("FFFF", "PPPP" + "FFFFFFPF", True, False),
        ("FPFP", "PFPFPFPF", True, False),
        ("FPFP", "PPPPPPFP", True, True),
        ("F", "P", False, False),
        ("P", "P", True, False),
        ("?", "P", True, False),
        ("F", "?", True, False),
        ("F", "F", True, False),
        ("F", "", True, False),
    ],
)
def test_improved_means_half_as_many_looks_do_not_pass(
    before: str, after: str, *, proves: bool, better: bool
) -> None:
    """Of the newest eight; one that came and went passes at times whatever was done."""
    first, *again = looks_of(before)
    change = ProbeChange(
        ref=ref(CHECKOUT),
        proves=proves,
        before=first,
        again=tuple(again),
        after=tuple(looks_of(after)),
    )
    proof = Proof(outcome=Outcome.NOT_FIXED, text="", probes=(change,), decided_at=START)
    assert improved(proof) is better


def looks_of(row: str) -> list[ProbeResult]:
    return [
        ProbeResult(ref=ref(CHECKOUT), outcome=LETTERS[x], text="", seconds=0, at=START)
        for x in row
    ]


def test_two_actions_one_failed_is_no_success() -> None:
    two = plan(CATALOGUE, action(), action(action_id="action-2"))
    assert executed(two).succeeded
    assert not executed(two, ActionStatus.SUCCEEDED, ActionStatus.FAILED).succeeded
