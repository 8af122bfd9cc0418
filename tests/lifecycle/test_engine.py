"""The engine as it runs: its own watcher, its sweeper, DBOS; only the world is played (6 s)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.shop import Shop
from tests.support.story import Story
from tests.support.world import NEW, OLD, catalogue

from vigil.domain.alert import AlertStatus, Delivery
from vigil.domain.catalogue import Autonomy
from vigil.domain.errors import PortUnavailable
from vigil.domain.incident import Stage, WaitingOn
from vigil.domain.proof import Outcome
from vigil.domain.run import RunOrder
from vigil.domain.verdict import Answer
from vigil.engine import Engine
from vigil.integrations.workflow.dbos import DbosWorkflow
from vigil.observe.watch import WELL, WELL_LOOKS

PATIENCE_S = 30.0


@asynccontextmanager
async def running(story: Story, directory: Path) -> AsyncIterator[Engine]:
    workflow = DbosWorkflow(f"sqlite:///{directory / 'workflow.sqlite'}")
    engine = Engine(story.parts, story.record.inbox, workflow, sources={})
    await engine.start()
    try:
        yield engine
    finally:
        await engine.stop()


async def eventually(seen: Callable[[], Awaitable[bool]], what: str) -> None:
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not await seen():  # noqa: ASYNC110 - the record is another one's, it is asked
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"{what}: not within {PATIENCE_S:.0f} s") from None


async def test_the_watcher_sees_it_the_engine_heals_it_and_the_watcher_sees_that(
    story: Story, tmp_path: Path
) -> None:
    """On the way the runner does not answer at first, and the shop falls ill a second time."""
    refusals = 1

    def busy(_: RunOrder) -> None:
        nonlocal refusals
        if refusals:
            refusals -= 1
            raise PortUnavailable("the runner does not answer yet")

    story.sandbox.before = busy
    async with running(story, tmp_path) as engine:

        async def ended(number: int) -> bool:
            found = await engine.incidents()
            return len(found) == number and all(i.closed_at for i in found)

        await eventually(lambda: ended(1), "healed")
        (first,) = await engine.incidents()
        assert first.outcome is Outcome.VERIFIED
        proof = await engine.proof(first.id)
        assert proof is not None
        assert proof.outcome is Outcome.VERIFIED
        judged = await engine.judged(first.id)
        assert judged is not None
        assert judged.verdict is not None
        assert judged.plan.digest == judged.verdict.plan_digest
        (opened,) = await story.payloads(first.id, "opened")
        assert opened["source"] == "watch"

        await eventually(seen_nothing_more(story), "the watcher sees that it is over")
        story.shop.release = NEW
        await eventually(lambda: ended(2), "healed again")
        assert {i.outcome for i in await engine.incidents()} == {Outcome.VERIFIED}
        parts = {health.part: health.ok for health in await engine.health()}
        assert parts.keys() >= {"workflow", "sandbox", "switch", "workers", "work", "locks"}
        assert all(parts.values())
    assert story.shop.release == OLD
    assert all(times == 1 for times in story.sandbox.ran.values())
    assert len(story.sandbox.ran) == 2


def seen_nothing_more(story: Story, further: int = 6) -> Callable[[], Awaitable[bool]]:
    """The watcher has looked often enough since the cure to be sure that it is over."""
    looks = story.probes.looks["web/checkout"]

    async def sure() -> bool:
        return story.probes.looks["web/checkout"] > looks + further

    return sure


async def test_a_new_watcher_sees_the_end_of_what_was_handed_over_before_it_started(
    story: Story, tmp_path: Path
) -> None:
    """Handed over, Vigil restarted, repaired by somebody; what comes then is new trouble."""
    story.with_parts(catalogue=catalogue(Autonomy.OBSERVE))
    first = await story.hear()
    await story.go_on()
    assert (await story.journal.incident(first.id)).stage is Stage.ESCALATED
    story.clock.advance(5)
    story.shop.release = OLD
    async with running(story, tmp_path) as engine:

        async def over() -> bool:
            return await story.payloads(first.id, "alert_resolved") != []

        await eventually(over, "told that it is over")
        (resolved,) = await story.payloads(first.id, "alert_resolved")
        assert resolved["source"] == "watch"
        story.clock.advance(5)
        story.shop.release = NEW

        async def handed_over_again() -> bool:
            found = await engine.incidents()
            return len(found) == 2 and all(i.stage is Stage.ESCALATED for i in found)

        await eventually(handed_over_again, "new trouble, an incident of its own")


async def test_a_new_watcher_needs_as_many_bad_looks_as_any_once_the_trouble_was_over(
    story: Story, tmp_path: Path
) -> None:
    """Handed over, repaired, Vigil restarted; then one look is bad, as while something starts."""
    story.with_parts(catalogue=catalogue(Autonomy.OBSERVE))
    first = await story.hear()
    await story.go_on()
    await story.hear(status=AlertStatus.RESOLVED)
    looks = 0

    def one_is_bad(_: Shop) -> bool:
        nonlocal looks
        looks += 1
        return looks == 1

    story.shop.checkout_fails = one_is_bad
    async with running(story, tmp_path) as engine:

        async def looked_often() -> bool:
            return looks > 6

        await eventually(looked_often, "the watcher looks")
        assert [i.id for i in await engine.incidents()] == [first.id]


async def test_a_plan_that_waits_is_withdrawn_once_its_symptom_is_gone_for_good(
    story: Story, tmp_path: Path
) -> None:
    story.with_parts(catalogue=catalogue(Autonomy.APPROVE))
    incident = await story.hear()
    await story.go_on()
    waiting = await story.journal.incident(incident.id)
    assert waiting.waiting_on is WaitingOn.APPROVAL
    async with running(story, tmp_path) as engine:
        story.shop.release = OLD
        often = seen_nothing_more(story, WELL_LOOKS + 2)
        await eventually(often, "the watcher sees that it is well")
        assert (await engine.incident(incident.id)).waiting_on is WaitingOn.APPROVAL
        story.clock.advance(WELL.total_seconds() + 1)

        async def closed() -> bool:
            return (await engine.incident(incident.id)).closed_at is not None

        await eventually(closed, "withdrawn and closed")
        late = await engine.answer(incident.id, waiting.plan_digest or "", Answer.APPROVED, "Ada")
        ended = await engine.incident(incident.id)
        said = await story.ending(incident.id)
    assert not late.won
    assert "withdrawn by vigil" in late.text
    assert (ended.stage, ended.outcome) == (Stage.ESCALATED, Outcome.NOT_EXECUTED)
    assert "went away and stayed away" in said
    assert story.sandbox.asked.total() == 0


async def test_a_plan_that_nobody_answers_expires_by_itself(story: Story, tmp_path: Path) -> None:
    story.with_parts(catalogue=catalogue(Autonomy.APPROVE))
    incident = await story.hear()
    await story.go_on()
    async with running(story, tmp_path) as engine:
        story.clock.advance(story.parts.policy.approval_expires_after_s)

        async def closed() -> bool:
            return (await engine.incident(incident.id)).closed_at is not None

        await eventually(closed, "expired and closed")
        late = await engine.cancel(incident.id, "Ada")
        said = await story.ending(incident.id)
    assert not late.won
    assert "no answer means no" in said


async def test_a_plan_that_waits_is_kept_while_its_symptom_comes_and_goes(
    story: Story, tmp_path: Path
) -> None:
    story.with_parts(catalogue=catalogue(Autonomy.APPROVE))
    incident = await story.hear()
    await story.go_on()
    async with running(story, tmp_path) as engine:
        story.shop.release = OLD
        await eventually(seen_nothing_more(story), "the watcher sees that it is well")
        story.shop.release = NEW
        await eventually(seen_nothing_more(story), "the watcher sees that it is not")
        story.shop.release = OLD
        await eventually(seen_nothing_more(story), "the watcher sees that it is well again")
        kept = await engine.incident(incident.id)
    assert kept.waiting_on is WaitingOn.APPROVAL


async def test_a_body_that_nobody_understood_is_kept_and_opens_nothing(story: Story) -> None:
    engine = Engine(
        story.parts, story.record.inbox, DbosWorkflow("sqlite:///unused.sqlite"), sources={}
    )
    await engine.hear(Delivery(source="x", alerts=(), not_understood="not JSON"))
    await engine.taking_in.round()
    assert await engine.lines() == ()
    assert await engine.incidents() == ()


async def test_what_waits_for_locks_goes_on_by_itself_when_they_are_free(
    story: Story, tmp_path: Path
) -> None:
    locks, now = story.parts.locks, story.clock.now()
    await locks.take(["service:db"], "another incident", "another worker", now, 30.0)
    async with running(story, tmp_path) as engine:

        async def waits() -> bool:
            found = await engine.incidents()
            return any(incident.waiting_on is WaitingOn.LOCKS for incident in found)

        async def healed() -> bool:
            return {i.outcome for i in await engine.incidents()} == {Outcome.VERIFIED}

        await eventually(waits, "waits")
        await locks.release("another incident")
        await eventually(healed, "healed")
    (incident,) = await engine.incidents()
    assert len(await story.payloads(incident.id, "waiting_for_locks")) == 1
    assert all(times == 1 for times in story.sandbox.ran.values())


async def test_locks_that_a_worker_took_too_late_keep_nobody_from_anything(
    story: Story, tmp_path: Path
) -> None:
    """It was overtaken, came back, locked something once more and found out only then."""
    locks, now = story.parts.locks, story.clock.now()
    await locks.take(["service:db"], "another incident", "another worker", now, 30.0)
    incident = await story.hear()
    await story.go_on()
    assert (await story.journal.incident(incident.id)).waiting_on is WaitingOn.LOCKS
    await locks.release("another incident")
    await locks.take(["service:db", "service:web"], incident.id, "too late", now, 0.0)
    async with running(story, tmp_path) as engine:

        async def healed() -> bool:
            return {i.outcome for i in await engine.incidents()} == {Outcome.VERIFIED}

        async def free() -> bool:
            return await locks.held() == ()

        await eventually(healed, "woken, though it stands in no line any more")
        await eventually(free, "all is let go, too")


async def test_a_lock_of_what_waits_for_a_person_is_freed(story: Story, tmp_path: Path) -> None:
    story.with_parts(catalogue=catalogue(Autonomy.APPROVE))
    incident = await story.hear()
    await story.go_on()
    locks, now = story.parts.locks, story.clock.now()
    await locks.take(["service:db"], incident.id, "too late", now, 600.0)
    async with running(story, tmp_path):

        async def free() -> bool:
            return await locks.held() == ()

        await eventually(free, "freed")
