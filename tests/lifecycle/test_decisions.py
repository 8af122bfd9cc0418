"""People and the clock decide while Vigil is at work: what then happens, and what is told (5 s)."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import ValidationError
from tests.support.shop import Shop
from tests.support.story import PowerCut, Story
from tests.support.world import NEW, OLD, ScriptedProbes, catalogue

from vigil.decisions import Decisions
from vigil.domain.catalogue import Autonomy
from vigil.domain.incident import Incident, Stage, WaitingOn
from vigil.domain.policy import Policy
from vigil.domain.proof import Outcome
from vigil.domain.run import Fence, RunOrder
from vigil.domain.switch import SwitchState
from vigil.domain.value import Instant
from vigil.domain.verdict import Answer, Cancellation
from vigil.integrations._clients.database import write
from vigil.integrations.journal import decisions as in_journal
from vigil.integrations.locks.embedded import SqlLocks
from vigil.ports.journal import Decided
from vigil.ports.workflow import Segment

PATIENCE_S = 20.0


async def told(story: Story) -> Incident:
    incident = await story.hear()
    await story.go_on()
    return await story.journal.incident(incident.id)


async def waiting(story: Story) -> Incident:
    story.with_parts(catalogue=catalogue(Autonomy.APPROVE))
    incident = await told(story)
    assert incident.waiting_on is WaitingOn.APPROVAL
    return incident


async def answered(story: Story, incident: Incident, answer: Answer, by: str = "Ada") -> Decided:
    digest = incident.plan_digest or ""
    return await Decisions(story.parts).answer(incident.id, digest, answer, by)


def cancel_at_once(story: Story, incident: Incident) -> Decided:
    """From within something that is not asynchronous, in the middle of a segment."""
    order = Cancellation(by="Grace", at=story.clock.now(), reason="I am on it")
    keys = story.record.keys
    return write(story.record.engine, lambda c: in_journal.cancel(c, keys, incident.id, order))


async def ended(story: Story, incident: Incident) -> tuple[Stage, Outcome | None]:
    """Everything that is due; nothing stays locked."""
    await story.go_on()
    after = await story.journal.incident(incident.id)
    assert after.closed_at is not None
    assert await story.locks_are_free()
    return after.stage, after.outcome


async def look_next(story: Story, incident: Incident) -> list[str]:
    (closed,) = await story.payloads(incident.id, "closed")
    lines = closed["look_next"]
    assert isinstance(lines, list)
    return [str(line) for line in lines]


# --- no answer means no ----------------------------------------------------------------------


async def expire(story: Story) -> None:
    """The engine's loop, until nothing is overdue."""
    loop = asyncio.create_task(Decisions(story.parts).expire())
    try:
        async with asyncio.timeout(PATIENCE_S):
            while await story.journal.overdue(story.clock.now(), 1):  # noqa: ASYNC110 - the loop's own turn
                await asyncio.sleep(0.01)
    finally:
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)


async def test_a_plan_that_nobody_answers_in_time_is_handed_over(story: Story) -> None:
    story.with_parts(policy=Policy(approval_expires_after_s=5400))
    incident = await waiting(story)
    assert incident.expires_at == story.clock.now() + timedelta(seconds=5400)
    story.clock.advance(5399)
    await expire(story)
    assert (await story.journal.incident(incident.id)).waiting_on is WaitingOn.APPROVAL
    story.clock.advance(1)
    await expire(story)
    assert await ended(story, incident) == (Stage.ESCALATED, Outcome.NOT_EXECUTED)
    ending = await story.ending(incident.id)
    assert "waited 1 h 30 min in the console for an answer of anybody with access" in ending
    assert "no answer means no" in ending
    (planned,) = await story.payloads(incident.id, "planned")
    assert str(planned["summary"]) in ending
    assert "approval_expires_after_s" in (await look_next(story, incident))[-1]
    assert story.sandbox.asked.total() == 0
    late = await answered(story, incident, Answer.APPROVED)
    assert not late.won
    assert "expired by vigil" in late.text


@pytest.mark.parametrize("seconds", [0, 59, 30 * 86400 + 1])
def test_a_plan_waits_a_minute_at_least_and_a_month_at_most(seconds: int) -> None:
    with pytest.raises(ValidationError, match="approval_expires_after_s"):
        Policy(approval_expires_after_s=seconds)


async def test_an_approval_after_its_time_loses_also_before_anybody_noticed(story: Story) -> None:
    incident = await waiting(story)
    story.clock.advance(Policy().approval_expires_after_s)
    late = await answered(story, incident, Answer.APPROVED)
    assert not late.won
    assert "no answer until then means no" in late.text
    assert story.sandbox.asked.total() == 0


async def test_the_owner_is_named_as_the_one_who_was_asked(story: Story) -> None:
    incident = await waiting(story)
    known = story.parts.catalogue
    web = known.services["web"].model_copy(update={"owner": "shop@example.com"})
    services = {**known.services, "web": web}
    story.with_parts(catalogue=known.model_copy(update={"services": services}))
    story.clock.advance(Policy().approval_expires_after_s)
    await expire(story)
    await ended(story, incident)
    assert "an answer of shop@example.com" in await story.ending(incident.id)


# --- stopped ---------------------------------------------------------------------------------


async def test_while_stopped_nothing_is_approved_and_the_plan_goes_on_waiting(
    story: Story,
) -> None:
    incident = await waiting(story)
    story.switch.set(SwitchState(stopped=True, by="Ada", text="drill"))
    refused = await answered(story, incident, Answer.APPROVED, "Grace")
    assert not refused.won
    for part in ("stopped by Ada (drill)", "goes on waiting until 2026-03-01 16:00", "resume"):
        assert part in refused.text
    assert (await story.journal.incident(incident.id)).waiting_on is WaitingOn.APPROVAL
    story.switch.set(SwitchState(stopped=False))
    assert (await answered(story, incident, Answer.APPROVED)).won
    assert await ended(story, incident) == (Stage.RESOLVED, Outcome.VERIFIED)


async def test_while_stopped_a_plan_can_be_rejected_and_who_comes_late_is_told(
    story: Story,
) -> None:
    incident = await waiting(story)
    story.switch.set(SwitchState(stopped=True))
    assert (await answered(story, incident, Answer.REJECTED)).won
    late = await answered(story, incident, Answer.APPROVED, "Grace")
    assert "rejected by Ada" in late.text


# --- a person takes it in hand ---------------------------------------------------------------


async def test_cancelled_while_its_plan_waits(story: Story) -> None:
    incident = await waiting(story)
    assert (await Decisions(story.parts).cancel(incident.id, "Grace", "I am on it")).won
    assert await ended(story, incident) == (Stage.ESCALATED, Outcome.NOT_EXECUTED)
    ending = await story.ending(incident.id)
    assert ending.startswith("Nothing was done: Vigil's work on it was cancelled by Grace at ")
    assert "I am on it" in ending
    assert "The plan would have been" in ending
    assert await look_next(story, incident) == ["Grace has it in hand: ask there first."]
    assert (await story.told(incident.id)).count("cancelled") == 1
    late = await answered(story, incident, Answer.APPROVED)
    assert "cancelled by Grace" in late.text
    again = await Decisions(story.parts).cancel(incident.id, "Ada")
    assert "cancelled by Grace" in again.text


@pytest.mark.parametrize("run", [0, 1, 2], ids=["not yet begun", "oriented", "allowed"])
async def test_cancelled_between_two_segments(story: Story, run: int) -> None:
    incident = await story.hear()
    for _ in range(run):
        (following,) = await story.journal.due(10)
        await story.run(following)
        await story.journal.mark(following)
    assert cancel_at_once(story, incident).won
    assert await ended(story, incident) == (Stage.ESCALATED, Outcome.NOT_EXECUTED)
    assert "Nothing was done" in await story.ending(incident.id)
    assert story.sandbox.asked.total() == 0


def cancel_when(story: Story, incident: Incident, moment: Callable[[Shop], bool]) -> None:
    """At the first look at the page that pays for which the moment has come."""
    done = False

    def look() -> str:
        nonlocal done
        if not done and moment(story.shop):
            done = cancel_at_once(story, incident).won
        return story.shop.checkout()

    probes = ScriptedProbes(
        story.clock, {"web/checkout": look, "web/catalogue": story.shop.catalogue}
    )
    story.with_parts(senses=replace(story.parts.senses, probes=probes))


async def test_cancelled_in_the_middle_of_a_segment_the_run_is_overtaken(story: Story) -> None:
    incident = await story.hear()
    cancel_when(story, incident, lambda _: True)
    assert await ended(story, incident) == (Stage.ESCALATED, Outcome.NOT_EXECUTED)
    kinds = await story.told(incident.id)
    assert kinds[kinds.index("cancelled") :] == ["cancelled", "stage_entered", "learned", "closed"]


async def test_cancelled_while_it_looks_just_before_acting(story: Story) -> None:
    """It is EXECUTING already, but no action was begun."""
    incident = await story.hear()
    for _ in (Segment.ORIENT, Segment.DECIDE):
        (following,) = await story.journal.due(10)
        await story.run(following)
        await story.journal.mark(following)
    cancel_when(story, incident, lambda _: True)
    assert await ended(story, incident) == (Stage.ESCALATED, Outcome.NOT_EXECUTED)
    assert "Nothing was done" in await story.ending(incident.id)
    assert story.sandbox.asked.total() == 0
    (why,) = await story.payloads(incident.id, "not_executed")
    assert "cancelled by Grace" in str(why["text"])


async def test_cancelled_while_an_action_runs_what_was_done_is_verified(story: Story) -> None:
    incident = await story.hear()
    story.sandbox.before = lambda _: (cancel_at_once(story, incident), None)[1]
    assert await ended(story, incident) == (Stage.RESOLVED, Outcome.VERIFIED)
    assert story.shop.release == OLD


async def not_undone(story: Story, incident: Incident) -> None:
    assert await ended(story, incident) == (Stage.ESCALATED, Outcome.NOT_FIXED)
    assert story.shop.release == OLD
    assert len(story.sandbox.ran) == 1, "the remedy, and no undo"
    ending = await story.ending(incident.id)
    assert "Nothing more was begun and nothing was undone" in ending
    assert "cancelled by Grace" in ending
    first, left = await look_next(story, incident)
    assert first == "Grace has it in hand: ask there first."
    assert "succeeded, in place; its undo would be: vigil-do release.switch" in left
    assert NEW in left


async def test_cancelled_while_an_action_runs_nothing_is_undone(story: Story) -> None:
    story.shop.checkout_fails = lambda _: True
    incident = await story.hear()
    story.sandbox.before = lambda _: (cancel_at_once(story, incident), None)[1]
    await not_undone(story, incident)


async def test_cancelled_while_it_is_being_proven_nothing_is_undone(story: Story) -> None:
    story.shop.checkout_fails = lambda _: True
    incident = await story.hear()
    cancel_when(story, incident, lambda shop: bool(shop.done))
    await not_undone(story, incident)


async def test_cancelled_before_the_undo_was_begun(story: Story) -> None:
    """Its plan is there, and about to be judged or to be run."""
    story.shop.checkout_fails = lambda _: True
    incident = await story.hear()
    while (await story.journal.incident(incident.id)).attempt == 1:
        (following,) = await story.journal.due(10)
        await story.run(following)
        await story.journal.mark(following)
    decided = cancel_at_once(story, incident)
    assert (decided.won, "its undo is not begun" in decided.text) == (True, True)
    await not_undone(story, incident)


async def test_cancelled_while_it_is_being_undone_the_undo_under_way_is_finished(
    story: Story,
) -> None:
    story.shop.checkout_fails = lambda _: True
    incident = await story.hear()

    def during_the_undo(order: RunOrder) -> None:
        if order.plan.attempt > 1:
            cancel_at_once(story, incident)

    story.sandbox.before = during_the_undo
    assert await ended(story, incident) == (Stage.ESCALATED, Outcome.NOT_FIXED)
    assert story.shop.release == NEW
    assert "has been undone" in await story.ending(incident.id)


async def test_what_was_begun_before_a_kill_is_not_told_as_nothing(story: Story) -> None:
    """Killed while the action was asked for, cancelled, started again."""
    incident = await story.hear()

    def cut(_: RunOrder) -> None:
        story.sandbox.before = lambda _: None
        story.fuse.left = 0  # The next thing that is written is a line that it printed.

    story.sandbox.before = cut
    with pytest.raises(PowerCut):
        await story.go_on()
    story.fuse.left = None
    assert cancel_at_once(story, incident).won
    assert await ended(story, incident) == (Stage.RESOLVED, Outcome.VERIFIED)
    assert story.sandbox.ran.total() == 1


# --- and the locks ---------------------------------------------------------------------------


async def test_cancelled_while_it_waits_for_locks_it_waits_no_more(story: Story) -> None:
    now = story.clock.now()
    await story.parts.locks.take(("service:web",), "somebody else", "w", now, 600.0)
    incident = await told(story)
    assert incident.waiting_on is WaitingOn.LOCKS
    assert cancel_at_once(story, incident).won
    await story.parts.locks.release("somebody else")
    assert not await story.journal.wake(incident.id)
    assert await ended(story, incident) == (Stage.ESCALATED, Outcome.NOT_EXECUTED)
    assert await story.parts.locks.ready(10) == ()
    assert story.sandbox.asked.total() == 0


async def test_cancelled_while_it_takes_its_locks_it_keeps_none(story: Story) -> None:
    incident = await story.hear()

    class Taken(SqlLocks):
        async def take(
            self, resources: Sequence[str], owner: str, holder: str, now: Instant, lease_s: float
        ) -> tuple[Fence, ...]:
            fences = await super().take(resources, owner, holder, now, lease_s)
            if owner == incident.id:
                cancel_at_once(story, incident)
            return fences

    story.with_parts(locks=Taken(story.record.engine))
    assert await ended(story, incident) == (Stage.ESCALATED, Outcome.NOT_EXECUTED)
    assert (await story.told(incident.id)).count("stage_entered") == 5, "it never came to EXECUTING"
