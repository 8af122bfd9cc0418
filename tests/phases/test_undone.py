"""Whether an undo has brought back what was there before the remedy (about 1 s)."""

import pytest
from tests.phases.values import executed, plan
from tests.support.hand_clock import START, HandClock
from tests.support.world import ScriptedInventories, ScriptedProbes, catalogue, eyes

from vigil.domain.inventory import Inventory, Item, Kind
from vigil.domain.plan import ActionStatus, Execution
from vigil.domain.proof import Outcome, Proof
from vigil.verify.baseline import CHANCE_LOOKS, changed, glance, take_baseline
from vigil.verify.starting import PATIENCE_S
from vigil.verify.undone import verify_undo

CATALOGUE = catalogue()
PLAN = plan(CATALOGUE)
DONE = executed(PLAN)
CHECKOUT, NEIGHBOUR = "web/checkout", "web/catalogue"


def instance(there: bool) -> Inventory:
    item = Item(kind=Kind.INSTANCE, service="web", name="web-1", there=there)
    return Inventory(items=(item,))


async def undone(
    neighbour: str, undoing: Execution = DONE, *, there: tuple[bool, ...] = (True,)
) -> tuple[Proof, float]:
    """The first letter is before the remedy, the rest after the undo; the symptom stays."""
    clock = HandClock()
    row = CHANCE_LOOKS * neighbour[0] + neighbour[1:]
    probes = ScriptedProbes(clock, {CHECKOUT: "F", NEIGHBOUR: row})
    counts = iter([there[0], *there, *100 * [there[-1]]])
    looking = eyes(
        CATALOGUE,
        probes,
        clock,
        inventories=ScriptedInventories(lambda: instance(next(counts))),
    )
    before = await take_baseline(PLAN, looking, START)
    began = clock.elapsed()
    return await verify_undo(PLAN, undoing, before, looking), clock.elapsed() - began


async def test_what_passed_before_passes_again_though_the_trouble_stays() -> None:
    proof, seconds = await undone("PFFP")
    assert proof.outcome is Outcome.VERIFIED
    assert seconds < PATIENCE_S / 2
    assert "passes again" in proof.text


async def test_what_failed_before_the_remedy_may_go_on_failing() -> None:
    assert (await undone("F"))[0].outcome is Outcome.VERIFIED


@pytest.mark.parametrize("row", ["PF", "P?", "P" + 30 * "PPF"])
async def test_what_does_not_come_back_is_named(row: str) -> None:
    proof, seconds = await undone(row)
    assert proof.outcome is Outcome.NOT_FIXED
    assert f"do not pass again yet: {NEIGHBOUR}" in proof.text
    assert seconds >= PATIENCE_S


async def test_what_the_remedy_took_away_has_to_be_back() -> None:
    assert (await undone("P", there=(True, False, False, True)))[0].outcome is Outcome.VERIFIED
    proof, _ = await undone("P", there=(True, False))
    assert proof.outcome is Outcome.NOT_FIXED
    assert "instance web-1 of web was there before and is gone" in proof.text


async def test_an_undo_that_failed_is_never_proven() -> None:
    proof, _ = await undone("P", executed(PLAN, ActionStatus.FAILED, output="no such release"))
    assert proof.outcome is Outcome.NOT_FIXED
    assert "not run to its end (action-1 failed: no such release)" in proof.text


async def test_one_that_was_not_begun() -> None:
    refused = Execution(plan_digest=PLAN.digest, results=(), refused="The stop switch is on.")
    proof, seconds = await undone("P", refused)
    assert (proof.outcome, proof.text, seconds) == (
        Outcome.NOT_EXECUTED,
        "The stop switch is on.",
        0.0,
    )


@pytest.mark.parametrize(
    ("row", "there", "said"),
    [
        ("PF", (True, True), f"{NEIGHBOUR} passed when the plan was made, and fails now"),
        ("PFP", (True, True), None),
        ("FF", (True, True), None),
        ("P", (True, False), "instance web-1 of web was there before and is gone."),
        ("P", (True, True), None),
    ],
)
async def test_what_got_worse_while_a_person_was_asked(
    row: str, there: tuple[bool, bool], said: str | None
) -> None:
    clock = HandClock()
    counts = iter([there[0], *there, there[-1]])
    looking = eyes(
        CATALOGUE,
        ScriptedProbes(clock, {CHECKOUT: "F", NEIGHBOUR: row}),
        clock,
        inventories=ScriptedInventories(lambda: instance(next(counts))),
    )
    then = await glance(PLAN, looking)
    now = await take_baseline(PLAN, looking, START)
    told = changed(PLAN, then, now)
    assert (told is None) if said is None else str(told).startswith(said)
