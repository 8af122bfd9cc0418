"""What is on record of an attempt is read once, and what a run writes itself is remembered."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.story import Story, begin

from vigil.domain.case import Ranking
from vigil.domain.hypothesis import FailureType, Hypothesis
from vigil.domain.incident import Incident, Stage
from vigil.ports.journal import NextSegment
from vigil.ports.workflow import Segment
from vigil.story.progress import MovedOn, Progress
from vigil.story.recorded import Recorded


def ranking(failure: FailureType) -> Ranking:
    one = Hypothesis(failure_type=failure, component="web", likelihood=1.0, text="It is so.")
    return Ranking(hypotheses=(one,))


OURS, THEIRS = ranking(FailureType.BAD_RELEASE), ranking(FailureType.PROCESS_HUNG)


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    begun = await begin(tmp_path)
    yield begun
    begun.record.engine.dispose()


async def taken_up(story: Story, incident: Incident) -> Progress:
    """A run of the first segment."""
    orient = NextSegment(segment=Segment.ORIENT, incident=incident.id, attempt=1)
    mine = await story.journal.take_up(orient, story.parts.worker)
    assert mine is not None
    progress = Progress(mine, 1, story.journal, story.clock)
    await progress.enter(Stage.INVESTIGATING)
    return progress


async def rank(progress: Progress, given: Ranking) -> Ranking:
    """A stage that gives a ranking."""

    async def work() -> Ranking:
        return given

    return await progress.stage(Stage.HYPOTHESIS_RECEIVED, Ranking, work, lambda _: ())


async def test_what_a_run_writes_it_finds_though_it_looked_before(story: Story) -> None:
    progress = await taken_up(story, await story.hear())
    assert await progress.recorded.read(Stage.HYPOTHESIS_RECEIVED, Ranking) is None
    await rank(progress, OURS)
    assert await progress.recorded.read(Stage.HYPOTHESIS_RECEIVED, Ranking) == OURS
    assert await rank(progress, THEIRS) == OURS, "the first stays"


async def test_a_run_that_looked_too_early_to_see_another_one_writes_nothing(story: Story) -> None:
    incident = await story.hear()
    overtaken = await taken_up(story, incident)
    assert await overtaken.recorded.read(Stage.HYPOTHESIS_RECEIVED, Ranking) is None
    await rank(await taken_up(story, incident), OURS)
    with pytest.raises(MovedOn):
        await rank(overtaken, THEIRS)
    fresh = Recorded(story.journal, incident.id, 1)
    assert await fresh.read(Stage.HYPOTHESIS_RECEIVED, Ranking) == OURS
