"""Of two runs of one segment only one may give the incident up (below 2 s)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.story import Story, begin

from vigil.domain.catalogue import Autonomy
from vigil.domain.errors import PortUnavailable
from vigil.domain.incident import Stage, WaitingOn
from vigil.domain.run import RunOrder
from vigil.ports.workflow import Segment
from vigil.shift import free_left_over

ERROR = PortUnavailable("the database did not answer")


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    begun = await begin(tmp_path)
    yield begun
    begun.record.engine.dispose()


async def test_a_run_that_fails_gives_up_what_nobody_took_further(story: Story) -> None:
    await story.hear()
    [orient] = await story.journal.due(10)
    await story.lifecycle.give_up(orient.segment, orient.incident, orient.attempt, ERROR)
    incident = await story.journal.incident(orient.incident)
    assert incident.stage is Stage.ESCALATED
    assert "the database did not answer" in await story.ending(orient.incident)


async def test_a_run_that_was_overtaken_gives_up_nothing(story: Story) -> None:
    """It came late, as another worker had the incident; meanwhile that one has gone further."""
    await story.hear()
    [orient] = await story.journal.due(10)
    await story.run(orient)
    await story.lifecycle.give_up(orient.segment, orient.incident, orient.attempt, ERROR)
    incident = await story.journal.incident(orient.incident)
    assert incident.closed_at is None
    await story.go_on()
    assert (await story.journal.incident(orient.incident)).stage is Stage.RESOLVED


async def test_a_run_gives_up_nothing_that_another_worker_has(story: Story) -> None:
    await story.hear()
    [orient] = await story.journal.due(10)
    assert await story.journal.take_up(orient, "another") is not None
    await story.lifecycle.give_up(orient.segment, orient.incident, orient.attempt, ERROR)
    assert (await story.journal.incident(orient.incident)).closed_at is None


async def test_what_waits_for_a_person_is_not_given_up_by_a_run_that_came_late(
    tmp_path: Path,
) -> None:
    story = await begin(tmp_path / "asking", autonomy=Autonomy.APPROVE)
    incident = await story.hear()
    await story.go_on()
    await story.lifecycle.give_up(Segment.DECIDE, incident.id, 1, ERROR)
    incident = await story.journal.incident(incident.id)
    assert (incident.waiting_on, incident.claimed_by) == (WaitingOn.APPROVAL, None)
    story.record.engine.dispose()


async def test_what_was_given_up_while_it_acted_stays_locked_as_long_as_a_script_may_go_on(
    story: Story,
) -> None:
    def hang(_: RunOrder) -> None:
        raise PortUnavailable("the runner did not answer")

    story.sandbox.before = hang
    incident = await story.hear()
    with pytest.raises(PortUnavailable):
        await story.go_on()
    await story.lifecycle.give_up(Segment.ACT, incident.id, 1, ERROR)
    (until,) = {lock.lease_until for lock in await story.parts.locks.held()}
    assert until is not None
    assert until > story.clock.now()
    await free_left_over(story.parts)
    assert not await story.locks_are_free()
    await story.leases_end()
    assert await story.locks_are_free()
