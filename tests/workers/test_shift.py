"""What a worker does not begin, and what it tidies up (below 3 s)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.support.story import Story, begin

from vigil.crew import Solo
from vigil.domain.errors import PortUnavailable
from vigil.domain.run import Health
from vigil.ports.journal import NextSegment
from vigil.ports.workflow import GiveUp, Living, RunSegment, Segment
from vigil.shift import Shift


class Asked:
    """Fulfils ``ports.workflow.Workflow`` as far as handing out goes."""

    def __init__(self) -> None:
        self.asked: list[NextSegment] = []
        self.run: RunSegment | None = None
        self.living: set[str] | None = None

    async def launch(self, run: RunSegment, give_up: GiveUp) -> None:
        self.run = run

    async def start(self, segment: Segment, incident: str, attempt: int, turn: int = 1) -> None:
        self.asked.append(
            NextSegment(segment=segment, incident=incident, attempt=attempt, turn=turn)
        )

    async def adopt(self, living: Living) -> int:
        self.living = set(await living())
        return 0

    async def shutdown(self, within_s: float = 0.0) -> None: ...

    async def health(self) -> Health:
        return Health(part="workflow", ok=True, text="nothing is run in this test")


class Unsure(Solo):
    """A worker that could not show for a lease that it lives."""

    def sure(self) -> bool:
        return False


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    begun = await begin(tmp_path)
    yield begun
    begun.record.engine.dispose()


async def test_what_others_may_have_taken_over_is_not_begun(story: Story) -> None:
    incident = await story.hear()
    workflow = Asked()
    shift = Shift(story.parts, workflow, Unsure())
    await shift.begin({})
    assert workflow.run is not None
    with pytest.raises(PortUnavailable, match="others may have taken over"):
        await workflow.run(Segment.ORIENT, incident.id, 1)
    assert (await story.journal.incident(incident.id)).claim == 0
    await shift.end()


async def test_what_got_stuck_is_begun_again_and_locks_of_the_closed_are_freed(
    story: Story,
) -> None:
    stuck = await story.hear()
    [segment] = await story.journal.due(10)
    await story.journal.mark(segment)
    closed = await story.hear("catalogue-errors")
    for following in await story.journal.due(10):
        await story.lifecycle.give_up(
            following.segment, following.incident, following.attempt, PortUnavailable("gone")
        )
        await story.journal.mark(following)
    now, locks = story.clock.now(), story.parts.locks
    await locks.take(["service:db"], closed.id, "dead", now, 30)
    await locks.take(["service:web"], stuck.id, "alive", now, 30)
    story.clock.advance(31)
    workflow = Asked()
    shift = Shift(story.parts, workflow, Solo())
    await shift.begin({})
    once_more = segment.model_copy(update={"turn": 2})

    async def tidy() -> bool:
        owners = {lock.owner for lock in await locks.held()}
        return owners == {stuck.id} and once_more in workflow.asked

    async with asyncio.timeout(10):
        while not await tidy():  # noqa: ASYNC110 - the shift goes on by itself
            await asyncio.sleep(0.02)
    assert {asked.incident for asked in workflow.asked} == {stuck.id}
    assert workflow.living == set()
    await shift.end()


async def test_a_record_that_does_not_answer_keeps_nothing_from_ending(story: Story) -> None:
    shift = Shift(story.parts, Asked(), Solo())
    await shift.begin({})
    with story.record.engine.begin() as connection:
        connection.execute(text("ALTER TABLE incidents RENAME TO gone"))
    await shift.end()
