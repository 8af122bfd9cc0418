"""Two incidents that want the same: one acts, the other is rows until its turn has come."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import insert, text
from tests.support.story import PowerCut, Story, begin

from vigil.domain.errors import LockHeld
from vigil.domain.incident import Incident, Stage, WaitingOn
from vigil.domain.policy import Policy
from vigil.domain.proof import Outcome
from vigil.domain.run import RunOrder
from vigil.domain.switch import SwitchState
from vigil.domain.verdict import Cancellation
from vigil.integrations.journal.tables import executions
from vigil.ports.journal import NextSegment
from vigil.ports.workflow import Segment
from vigil.shift import free_left_over
from vigil.story.recorded import BEGUN

OTHER = "another incident"


@pytest.fixture
async def story(tmp_path: Path) -> Story:
    return await begin(tmp_path)


async def hold(story: Story, *resources: str) -> None:
    now = story.clock.now()
    await story.parts.locks.take(resources, OTHER, "another worker", now, 30.0)


async def wake_whoever_may(story: Story) -> list[str]:
    """As the engine does it, again and again."""
    return [o for o in await story.parts.locks.ready(10) if await story.journal.wake(o)]


async def waits_for_locks(story: Story) -> Incident:
    await hold(story, "service:db")
    incident = await story.hear()
    await story.go_on()
    incident = await story.journal.incident(incident.id)
    assert incident.waiting_on is WaitingOn.LOCKS
    return incident


async def test_it_is_rows_until_everything_it_needs_is_free(story: Story) -> None:
    incident = await waits_for_locks(story)
    assert (incident.stage, incident.claimed_by) == (Stage.SYNTHESIZING, None)
    assert story.sandbox.asked.total() == 0
    (said,) = await story.payloads(incident.id, "waiting_for_locks")
    assert said["held"] == {"service:db": OTHER}
    assert "service:db is kept by another incident" in str(said["text"])
    assert {lock.owner for lock in await story.parts.locks.held()} == {OTHER}, "it took nothing"
    assert await wake_whoever_may(story) == []
    await story.parts.locks.release(OTHER)
    assert await wake_whoever_may(story) == [incident.id]
    assert await wake_whoever_may(story) == [], "once is enough"
    await story.go_on()
    assert (await story.journal.incident(incident.id)).outcome is Outcome.VERIFIED
    assert await story.parts.locks.held() == ()


async def test_the_next_turn_is_another_one_and_only_that_is_due(story: Story) -> None:
    incident = await waits_for_locks(story)
    await story.parts.locks.release(OTHER)
    await wake_whoever_may(story)
    (due,) = await story.journal.due(10)
    act = NextSegment(segment=Segment.ACT, incident=incident.id, attempt=1)
    assert due == act.model_copy(update={"turn": 2})
    await story.journal.mark(act)
    assert await story.journal.due(10) == (due,), "the turn before is late to be marked"
    await story.journal.mark(due)
    assert await story.journal.due(10) == ()
    await story.journal.due_again()
    assert await story.journal.due(10) == (due.model_copy(update={"turn": 3}),)


async def test_what_waits_is_not_begun_again_by_a_restart(story: Story) -> None:
    incident = await waits_for_locks(story)
    await story.journal.due_again()
    assert await story.journal.due(10) == ()
    await story.run(NextSegment(segment=Segment.ACT, incident=incident.id, attempt=1))
    assert len(await story.payloads(incident.id, "waiting_for_locks")) == 1
    await story.parts.locks.release(OTHER)
    assert await wake_whoever_may(story) == [incident.id], "though that run had claimed it"
    story.with_parts(worker="another")
    await story.go_on()
    assert (await story.journal.incident(incident.id)).outcome is Outcome.VERIFIED


async def test_nobody_is_woken_who_does_not_wait(story: Story) -> None:
    incident = await story.hear()
    assert not await story.journal.wake(incident.id)
    await story.go_on()
    assert not await story.journal.wake(incident.id)
    assert await story.journal.due(10) == ()


async def test_its_turn_may_come_several_times(story: Story) -> None:
    incident = await waits_for_locks(story)
    await story.parts.locks.release(OTHER)
    await wake_whoever_may(story)
    # The one whose turn it is stands first in the line: only without its place it is overtaken.
    await story.parts.locks.release(incident.id)
    await hold(story, "service:web")
    await story.go_on()
    assert (await story.journal.incident(incident.id)).waiting_on is WaitingOn.LOCKS
    await story.parts.locks.release(OTHER)
    await wake_whoever_may(story)
    assert [due.turn for due in await story.journal.due(10)] == [3]
    await story.go_on()
    assert (await story.journal.incident(incident.id)).outcome is Outcome.VERIFIED


async def test_what_it_waited_for_may_have_been_all_it_needed(story: Story) -> None:
    """When its turn comes everything is asked anew: nothing is done to a shop that is well."""
    incident = await waits_for_locks(story)
    story.shop.checkout_fails = lambda _: False
    await story.parts.locks.release(OTHER)
    await wake_whoever_may(story)
    await story.go_on()
    incident = await story.journal.incident(incident.id)
    assert incident.outcome is Outcome.NOT_EXECUTED
    assert story.sandbox.asked.total() == 0
    assert await story.parts.locks.held() == ()


async def test_cancelled_while_it_waits_it_leaves_the_line(story: Story) -> None:
    incident = await waits_for_locks(story)
    taken = Cancellation(by="Ada", at=story.clock.now())
    assert (await story.journal.cancel(incident.id, taken)).won
    await story.go_on()
    assert (await story.journal.incident(incident.id)).stage is Stage.ESCALATED
    await story.parts.locks.release(OTHER)
    assert await story.parts.locks.ready(10) == ()


async def test_closed_while_it_was_about_to_lock_it_keeps_nothing(story: Story) -> None:
    """Cancelled, and closed by another worker, after it had asked whether it may still begin."""
    incident = await story.hear()
    overtaken = _CloseBeforeLocking(story, incident.id)
    story.with_parts(locks=overtaken)
    await story.go_on()
    assert overtaken.done
    assert (await story.journal.incident(incident.id)).stage is Stage.ESCALATED
    await story.leases_end()
    assert await overtaken.real.held() == ()
    assert story.sandbox.asked.total() == 0


class _CloseBeforeLocking:
    """The real locks; just before they are taken, others cancel and close the incident."""

    def __init__(self, story: Story, incident: str) -> None:
        self._story = story
        self._incident = incident
        self.real = story.parts.locks
        self.done = False

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)

    async def take(self, *given: object) -> object:
        if not self.done:
            self.done = True
            journal = self._story.journal
            taken = Cancellation(by="Ada", at=self._story.clock.now())
            assert (await journal.cancel(self._incident, taken)).won
            closing = NextSegment(segment=Segment.CLOSE, incident=self._incident, attempt=1)
            await self._story.run(closing)
        return await self.real.take(*given)  # type: ignore[arg-type] # as it was given


# --- another worker takes over ---------------------------------------------------------------


async def killed_while_acting(story: Story) -> Incident:
    incident = await story.hear()

    def cut(_: RunOrder) -> None:
        raise PowerCut

    story.sandbox.before = cut
    with pytest.raises(PowerCut):
        await story.go_on()
    story.sandbox.before = lambda _: None
    story.with_parts(worker="second")
    return await story.journal.incident(incident.id)


async def test_nobody_else_comes_between_a_killed_run_and_the_one_that_goes_on(
    story: Story,
) -> None:
    incident = await killed_while_acting(story)
    assert incident.stage is Stage.EXECUTING
    story.clock.advance(86_400)
    await story.parts.locks.forfeit([incident.claimed_by or ""])
    with pytest.raises(LockHeld):
        await hold(story, "service:db")


async def test_who_takes_over_waits_for_the_lease_and_gets_higher_tokens(story: Story) -> None:
    incident = await killed_while_acting(story)
    first = incident.claimed_by or ""
    await story.journal.forfeit([first])
    with pytest.raises(LockHeld, match=f"worker {first} holds"):
        await story.go_on()
    await story.parts.locks.forfeit([first])
    seen: list[RunOrder] = []
    story.sandbox.before = seen.append
    await story.go_on()
    assert (await story.journal.incident(incident.id)).outcome is Outcome.VERIFIED
    assert {fence.token for order in seen for fence in order.lease.fences} == {2}
    assert await story.parts.locks.held() == ()


async def test_once_it_is_proven_nothing_is_locked_again(story: Story) -> None:
    """Killed after its proof, it comes back when others are at work there: it only ends."""
    incident = await story.hear()
    whole = story.parts.locks
    story.with_parts(locks=_CutAtRelease(whole))
    with pytest.raises(PowerCut):
        await story.go_on()
    await whole.release(incident.id)
    await hold(story, "service:web", "service:db")
    story.with_parts(locks=whole)
    await story.go_on()
    assert (await story.journal.incident(incident.id)).outcome is Outcome.VERIFIED
    assert {lock.owner for lock in await whole.held()} == {OTHER}
    assert await story.parts.locks.ready(10) == ()


class _CutAtRelease:
    """The real locks; the power goes when they are given back."""

    def __init__(self, real: object) -> None:
        self._real = real

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    async def release(self, _owner: str, _holder: str | None = None) -> None:
        raise PowerCut


# --- nobody comes between a cure and its undo ------------------------------------------------


async def test_what_did_not_help_is_undone_before_anybody_else_gets_near(story: Story) -> None:
    """The other one stands in line all the time; its turn comes when the undo is done."""
    story.shop.checkout_fails = lambda _: True
    incident = await story.hear()
    refused = 0
    while due := await story.journal.due(10):
        for following in due:
            await story.run(following)
            await story.journal.mark(following)
        if story.shop.done and (await story.journal.incident(incident.id)).closed_at is None:
            with pytest.raises(LockHeld):
                await hold(story, "service:web")
            refused += 1
    assert refused == 3, "after acting, after judging the undo, and after undoing"
    ended = await story.journal.incident(incident.id)
    assert (ended.outcome, ended.attempt) == (Outcome.NOT_FIXED, 2)
    assert len(story.sandbox.ran) == 2
    await hold(story, "service:web")


# --- nothing is begun on an old word ---------------------------------------------------------


async def killed_before_anything_was_begun(story: Story) -> Incident:
    """The plan is allowed and its locks are taken; the power goes before the first action."""
    whole = story.parts.journal
    incident = await story.hear()
    story.with_parts(journal=_CutAtBegin(whole))
    with pytest.raises(PowerCut):
        await story.go_on()
    story.with_parts(journal=whole)
    incident = await story.journal.incident(incident.id)
    assert incident.stage is Stage.EXECUTING
    story.clock.advance(7200)
    return incident


async def test_what_was_not_begun_is_judged_anew_however_far_it_had_come(story: Story) -> None:
    incident = await killed_before_anything_was_begun(story)
    story.with_parts(policy=Policy(freeze=True))
    await story.go_on()
    incident = await story.journal.incident(incident.id)
    assert (incident.stage, incident.outcome) == (Stage.ESCALATED, Outcome.NOT_EXECUTED)
    assert "a change freeze is on" in await story.ending(incident.id)
    assert story.sandbox.asked.total() == 0
    assert await story.locks_are_free()


async def test_what_was_not_begun_is_looked_at_anew(story: Story) -> None:
    """Somebody has repaired it in the two hours: an old look would still show it broken."""
    incident = await killed_before_anything_was_begun(story)
    story.shop.checkout_fails = lambda _: False
    await story.go_on()
    incident = await story.journal.incident(incident.id)
    assert incident.outcome is Outcome.NOT_EXECUTED
    assert "no longer there" in await story.ending(incident.id)
    assert story.sandbox.asked.total() == 0


async def test_what_was_not_begun_is_begun_when_all_is_as_it_was(story: Story) -> None:
    incident = await killed_before_anything_was_begun(story)
    await story.go_on()
    assert (await story.journal.incident(incident.id)).outcome is Outcome.VERIFIED
    assert len(await story.payloads(incident.id, "baseline")) == 1


class _CutAtBegin:
    """The real record; the power goes when the first action is to be put on it as begun.

    Or when the output of a stage is.
    """

    def __init__(self, real: object, at: Stage | None = None) -> None:
        self._real = real
        self._at = at

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    async def commit(self, **given: object) -> object:
        outputs = given.get("outputs", ())
        for output in outputs:  # type: ignore[attr-defined] # as it was given
            if output.stage is self._at or (self._at is None and output.name.startswith(BEGUN)):
                raise PowerCut
        return await self._real.commit(**given)  # type: ignore[attr-defined] # as it was given


async def test_on_record_as_begun_and_never_asked_for_it_is_called_off(story: Story) -> None:
    """Killed between the record and the runner; then somebody cancels, and it is not begun late."""
    incident = await killed_while_acting(story)
    await story.parts.locks.forfeit([incident.claimed_by or ""])
    await story.journal.forfeit([incident.claimed_by or ""])
    taken = Cancellation(by="Ada", at=story.clock.now())
    assert (await story.journal.cancel(incident.id, taken)).won
    await story.go_on()
    incident = await story.journal.incident(incident.id)
    assert (incident.stage, incident.outcome) == (Stage.ESCALATED, Outcome.NOT_EXECUTED)
    assert "cancelled by Ada" in await story.ending(incident.id)
    assert story.sandbox.ran.total() == 0
    assert story.shop.done == []


async def test_of_an_older_version_the_runner_is_asked_for_what_it_may_have_done(
    story: Story,
) -> None:
    """It wrote down its look and not that it began; it was killed, and Vigil is stopped since."""
    incident = await story.hear()
    done = story.sandbox.run

    async def cut_off(*given: object) -> object:
        await done(*given)  # type: ignore[arg-type] # as it was given
        raise PowerCut

    story.sandbox.run = cut_off  # type: ignore[assignment, method-assign] # once
    with pytest.raises(PowerCut):
        await story.go_on()
    story.sandbox.run = done  # type: ignore[method-assign] # as it was
    with story.record.engine.begin() as connection:
        lost = text("DELETE FROM outputs WHERE name LIKE 'begun-%'")
        assert connection.execute(lost).rowcount == 1
    story.switch.set(SwitchState(stopped=True, text="upgrade"))
    await story.go_on()
    assert (await story.journal.incident(incident.id)).outcome is Outcome.VERIFIED


async def test_called_off_before_anything_was_begun_and_killed_it_is_told_as_such(
    story: Story,
) -> None:
    """Cancelled while it looked; killed after that was on record, and before it ended."""
    incident = await story.hear()
    whole = story.parts.journal
    story.with_parts(journal=_CutAtBegin(whole, at=Stage.VERIFYING))
    locks = story.parts.locks

    async def cancel() -> None:
        taken = Cancellation(by="Ada", at=story.clock.now())
        assert (await whole.cancel(incident.id, taken)).won

    story.with_parts(locks=_AfterSecondTaking(locks, cancel))
    with pytest.raises(PowerCut):
        await story.go_on()
    story.with_parts(journal=whole, locks=locks)
    await story.go_on()
    incident = await story.journal.incident(incident.id)
    assert (incident.stage, incident.outcome) == (Stage.ESCALATED, Outcome.NOT_EXECUTED)
    assert "cancelled by Ada" in await story.ending(incident.id)
    assert await story.locks_are_free()


async def test_a_closed_incident_keeps_no_locks_though_the_worker_that_took_them_lives(
    story: Story,
) -> None:
    incident = await story.hear()
    await story.go_on()
    locks = story.parts.locks
    await locks.take(["service:web"], incident.id, story.parts.worker, story.clock.now(), 30)
    for _ in range(3):
        await locks.renew(story.parts.worker, story.clock.now(), 30)
        await free_left_over(story.parts)
        story.clock.advance(20)
    assert await story.locks_are_free()


async def test_what_others_execute_meanwhile_does_not_stop_a_plan_that_was_begun(
    story: Story,
) -> None:
    story.with_parts(policy=Policy(max_executions_per_hour=1))

    other = await story.hear("CatalogueErrors", "alertmanager")
    for following in await story.journal.due(10):
        await story.journal.mark(following)

    async def others() -> None:
        with story.record.engine.begin() as connection:
            row = {"incident": other.id, "attempt": 1, "at": story.clock.now()}
            connection.execute(insert(executions).values(row))

    story.with_parts(locks=_AfterSecondTaking(story.parts.locks, others))
    incident = await story.hear()
    await story.go_on()
    assert (await story.journal.incident(incident.id)).outcome is Outcome.VERIFIED


class _AfterSecondTaking:
    """The real locks; something happens when they were taken for the first action."""

    def __init__(self, real: object, happens: Callable[[], Awaitable[None]]) -> None:
        self._real = real
        self._happens = happens
        self._taken = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    async def take(self, *given: object) -> object:
        fences = await self._real.take(*given)  # type: ignore[attr-defined] # as it was given
        self._taken += 1
        if self._taken == 2:
            await self._happens()
        return fences
