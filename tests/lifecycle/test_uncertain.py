"""What nobody can say was done is not done again: the proof decides what comes of it."""

from pathlib import Path

import pytest
from tests.support.story import PowerCut, Story, begin

from vigil.domain.incident import Stage
from vigil.domain.plan import ActionStatus
from vigil.domain.proof import Outcome


@pytest.fixture
async def story(tmp_path: Path) -> Story:
    story = await begin(tmp_path)
    story.sandbox.status = ActionStatus.UNCERTAIN
    return story


async def test_it_is_left_in_place_and_a_person_looks_when_the_symptom_is_gone(
    story: Story,
) -> None:
    incident = await story.hear()
    await story.go_on()
    incident = await story.journal.incident(incident.id)
    assert (incident.stage, incident.outcome) == (Stage.ESCALATED, Outcome.NOT_FIXED)
    assert "the plan was not run to its end" in await story.ending(incident.id)
    assert incident.attempt == 1
    assert list(story.sandbox.asked.values()) == [1]
    (executed,) = await story.payloads(incident.id, "executed")
    assert executed["status"] == "uncertain"


async def test_it_is_undone_when_the_proof_says_that_it_did_not(story: Story) -> None:
    story.shop.checkout_fails = lambda _: True
    incident = await story.hear()
    await story.go_on()
    incident = await story.journal.incident(incident.id)
    assert (incident.stage, incident.outcome) == (Stage.ESCALATED, Outcome.NOT_FIXED)
    assert incident.attempt == 2, "it may have been done, so its undo is tried"
    assert list(story.sandbox.asked.values()) == [1, 1]


async def test_killed_before_it_was_recorded_it_is_asked_for_and_not_done_again(
    story: Story,
) -> None:
    incident = await story.hear()
    for _ in range(2):
        (following,) = await story.journal.due(10)
        await story.run(following)
        await story.journal.mark(following)
    done = story.sandbox.run

    async def cut_off(*given: object) -> object:
        await done(*given)  # type: ignore[arg-type] # as it was given
        raise PowerCut

    story.sandbox.run = cut_off  # type: ignore[assignment, method-assign] # once
    with pytest.raises(PowerCut):
        await story.go_on()
    story.sandbox.run = done  # type: ignore[method-assign] # the sandbox itself was not killed
    await story.go_on()
    assert (await story.journal.incident(incident.id)).outcome is Outcome.NOT_FIXED
    assert list(story.sandbox.asked.values()) == [2]
    assert list(story.sandbox.ran.values()) == [1]
