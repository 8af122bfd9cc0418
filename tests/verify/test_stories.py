"""Where the word is the lifecycle's: whole stories on a real record, over twenty seeds, or over a
few where the matrix has the other end of it (about 30 s).
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from tests.support.hand_clock import START
from tests.support.shop import Shop
from tests.support.story import Story, begin
from tests.support.world import NEW, OLD, ScriptedInventories, ScriptedProbes, catalogue, watching
from tests.verify.thin import instance, rows

from vigil.domain.catalogue import Autonomy
from vigil.domain.incident import Incident, Stage, WaitingOn
from vigil.domain.inventory import Inventory
from vigil.domain.plan import ActionStatus, PlanKind
from vigil.domain.proof import Outcome
from vigil.domain.run import RunOrder

SEEDS, A_FEW = 20, 5
WATCHED_S = 900
ENDS = [
    ActionStatus.FAILED,
    ActionStatus.TIMED_OUT,
    ActionStatus.OUT_OF_MEMORY,
    ActionStatus.UNCERTAIN,
]


over_all_seeds = pytest.mark.parametrize("chance", range(SEEDS), indirect=True)
over_a_few = pytest.mark.parametrize("chance", range(A_FEW), indirect=True)


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> Random:
    return Random(str(request.node.name))  # noqa: S311 - variety, not secrecy


@pytest.fixture
async def story(tmp_path: Path, chance: Random) -> AsyncIterator[Story]:
    begun = await begin(tmp_path)
    yield begun
    begun.record.engine.dispose()


async def told(story: Story) -> Incident:
    incident = await story.hear()
    await story.go_on()
    return await story.journal.incident(incident.id)


async def asked(story: Story, chance: Random) -> Incident:
    """A plan that waits for a person, for any time."""
    story.with_parts(catalogue=catalogue(Autonomy.APPROVE))
    incident = await told(story)
    assert incident.waiting_on is WaitingOn.APPROVAL
    story.clock.advance(chance.choice([1, 60, 1800]))
    return incident


def makes_worse(shop: Shop, chance: Random) -> Outcome:
    """The remedy does not help, or breaks something else; whichever it is, it has to be undone."""
    if chance.random() < 0.5:
        shop.checkout_fails = lambda _: True
        return Outcome.NOT_FIXED
    shop.catalogue_fails = lambda shop: shop.release == OLD
    return Outcome.REGRESSED


# --- after acting ------------------------------------------------------------------------------


@over_a_few
async def test_what_is_no_cure_is_undone(story: Story, chance: Random) -> None:
    outcome = makes_worse(story.shop, chance)
    incident = await told(story)
    assert (incident.stage, incident.outcome) == (Stage.ESCALATED, outcome)
    assert story.shop.release == NEW, "as it was before"
    assert "What was done has been undone." in await story.ending(incident.id)
    assert await story.locks_are_free()


@over_all_seeds
async def test_an_undo_that_fails_is_told_loudly_and_with_what_is_in_place(
    story: Story, chance: Random
) -> None:
    outcome, status = makes_worse(story.shop, chance), chance.choice(ENDS)

    def fail(order: RunOrder) -> None:
        if order.plan.kind is PlanKind.ROLLBACK:
            story.sandbox.status = status

    story.sandbox.before = fail
    incident = await told(story)
    assert (incident.stage, incident.outcome) == (Stage.ESCALATED, outcome)
    (closed,) = await story.payloads(incident.id, "closed")
    assert "THE UNDO FAILED: it did not run to its end." in str(closed["text"])
    told_next = closed["look_next"]
    assert isinstance(told_next, list)
    assert "succeeded, in place; its undo would be: vigil-do release.switch" in str(told_next[0])
    assert str(status) in str(closed["look_next"])
    assert await story.locks_are_free()


@over_a_few
async def test_an_undo_that_does_not_bring_back_what_was_taken_away(
    story: Story, chance: Random
) -> None:
    """Rows that a remedy deleted: no switch of a release brings them back."""
    left = chance.randrange(1000)

    def there() -> Inventory:
        return Inventory(items=(rows(1000 if not story.shop.done else left),))

    story.with_parts(senses=replace(story.parts.senses, inventories=ScriptedInventories(there)))
    incident = await told(story)
    assert (incident.stage, incident.outcome) == (Stage.ESCALATED, Outcome.REGRESSED)
    ending = await story.ending(incident.id)
    assert "THE UNDO DID NOT BRING BACK WHAT WAS THERE BEFORE" in ending
    assert f"rows orders of web: 1000 before, {left} now." in ending


@over_a_few
async def test_what_is_better_and_not_well_is_left_for_a_person(
    story: Story, chance: Random
) -> None:
    story.shop.checkout_fails = lambda shop: shop.release == NEW or chance.random() < 0.2
    bad = lambda: 1.0 if story.shop.release == NEW else 0.2  # noqa: E731 - short
    telemetry = replace(story.parts.senses.telemetry, bad=bad)  # type: ignore[type-var] # scripted
    story.with_parts(senses=replace(story.parts.senses, telemetry=telemetry))
    incident = await told(story)
    assert (incident.stage, incident.outcome) == (Stage.ESCALATED, Outcome.NOT_FIXED)
    assert incident.attempt == 1
    assert story.shop.release == OLD
    assert "left as it is" in await story.ending(incident.id)


# --- afterwards -----------------------------------------------------------------------------------


async def breaks_again(story: Story, after_s: float) -> Incident:
    """So long after a proof the same is wrong, and somebody says so."""
    story.clock.advance(after_s)
    story.shop.release = NEW
    incident = await story.hear(since=(story.clock.now() - START).total_seconds())
    await story.go_on()
    return await story.journal.incident(incident.id)


@over_all_seeds
async def test_what_comes_back_in_its_time_counts_and_is_asked_about(
    story: Story, chance: Random
) -> None:
    story.with_parts(catalogue=watching(WATCHED_S))
    first = await told(story)
    assert first.outcome is Outcome.VERIFIED
    second = await breaks_again(story, chance.uniform(1, WATCHED_S - 1))
    (recurred,) = await story.payloads(first.id, "recurred")
    assert recurred["incident"] == second.id
    (back,) = await story.payloads(second.id, "came_back")
    assert back["former"] == first.id
    assert second.waiting_on is WaitingOn.APPROVAL, "what held for minutes is not done unasked"


@over_a_few
async def test_what_comes_back_later_is_new_trouble(story: Story, chance: Random) -> None:
    story.with_parts(catalogue=watching(WATCHED_S))
    first = await told(story)
    second = await breaks_again(story, WATCHED_S + chance.uniform(1, 600))
    assert (first.outcome, second.outcome) == (Outcome.VERIFIED, Outcome.VERIFIED)
    assert await story.payloads(first.id, "recurred") == []


# --- right before acting -------------------------------------------------------------------------


@over_all_seeds
async def test_the_symptom_is_gone_before_acting(story: Story, chance: Random) -> None:
    incident = await asked(story, chance)
    story.shop.release = OLD
    await nothing_done(story, incident, "just before acting the symptom was no longer there")


@over_all_seeds
async def test_the_probe_is_blind_before_acting(story: Story, chance: Random) -> None:
    incident = await asked(story, chance)
    probes = ScriptedProbes(story.clock, {"web/checkout": "?"})
    story.with_parts(senses=replace(story.parts.senses, probes=probes))
    await nothing_done(story, incident, "nothing could have proven it: web/checkout")


WORSE: dict[str, Callable[[Story], None]] = {
    "web/catalogue passed when the plan was made, and fails now": lambda story: setattr(
        story.shop, "catalogue_fails", lambda _: True
    ),
    "instance web-9 of web was there before and is gone": lambda story: story.with_parts(
        senses=replace(story.parts.senses, inventories=ScriptedInventories())
    ),
}


@over_a_few
async def test_something_got_worse_while_a_person_was_asked(story: Story, chance: Random) -> None:
    """The plan was made for another world than the one that the person was shown."""
    there = ScriptedInventories(lambda: Inventory(items=(instance("web-9"),)))
    story.with_parts(senses=replace(story.parts.senses, inventories=there))
    incident = await asked(story, chance)
    said = chance.choice(list(WORSE))
    WORSE[said](story)
    await nothing_done(story, incident, said)


async def nothing_done(story: Story, incident: Incident, why: str) -> None:
    ended = await story.approve(incident)
    assert (ended.stage, ended.outcome) == (Stage.ESCALATED, Outcome.NOT_EXECUTED)
    assert why in await story.ending(ended.id)
    assert story.sandbox.asked.total() == 0
    assert await story.locks_are_free()
