"""Of two runs of one segment only one may give the incident up (below 2 s)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.story import Story, begin

from vigil.domain.errors import LockHeld, PortUnavailable
from vigil.domain.incident import Stage
from vigil.lifecycle import Lifecycle

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
    with pytest.raises(LockHeld):
        await Lifecycle(story.parts).give_up(orient.segment, orient.incident, orient.attempt, ERROR)
    assert (await story.journal.incident(orient.incident)).closed_at is None
