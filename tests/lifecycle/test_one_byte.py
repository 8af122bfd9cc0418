"""One changed byte of a plan is another plan: to whoever approves it, and to whoever acts (3 s)."""

import json
from random import Random

import pytest
from pydantic import ValidationError
from sqlalchemy import select, update
from tests.support.story import Story
from tests.support.world import catalogue

from vigil.decide.synthesize import Synthesis
from vigil.domain.catalogue import Autonomy
from vigil.domain.incident import Incident, Stage, WaitingOn
from vigil.domain.plan import Plan
from vigil.domain.verdict import Answer, Approval
from vigil.integrations.journal.tables import outputs
from vigil.ports.workflow import Segment

PLACES = range(12)


def other_than(plan: Plan, number: int) -> Plan:
    """The same but for one letter or digit, in whatever part of it."""
    rng = Random(number)  # noqa: S311 - nothing is kept secret by it
    text = plan.model_dump_json()
    while True:
        place = rng.randrange(len(text))
        changed = text[:place] + rng.choice("abcxyz0189") + text[place + 1 :]
        try:
            other = Plan.model_validate_json(changed)
        except ValidationError:
            continue
        if other != plan:
            return other


async def recorded(story: Story, incident: Incident) -> Plan:
    (text,) = (
        each.json_text
        for each in await story.journal.outputs(incident.id, 1)
        if (each.stage, each.name) == (Stage.SYNTHESIZING, "output")
    )
    plan = Synthesis.model_validate_json(text).plan
    assert plan is not None
    return plan


def tamper(story: Story, incident: Incident, other: Plan) -> None:
    """In the record, behind Vigil's back."""
    place = (outputs.c.incident == incident.id) & (outputs.c.name == "output")
    place &= outputs.c.stage == Stage.SYNTHESIZING
    with story.record.engine.begin() as connection:
        text = connection.execute(select(outputs.c.json_text).where(place)).scalar_one()
        changed = {**json.loads(text), "plan": other.model_dump(mode="json")}
        connection.execute(update(outputs).where(place).values(json_text=json.dumps(changed)))


async def told(story: Story) -> Incident:
    incident = await story.hear()
    await story.go_on()
    return await story.journal.incident(incident.id)


def yes(digest: str, story: Story) -> Approval:
    return Approval(plan_digest=digest, answer=Answer.APPROVED, by="Ada", at=story.clock.now())


async def test_an_approval_of_any_other_plan_approves_nothing(story: Story) -> None:
    story.with_parts(catalogue=catalogue(Autonomy.APPROVE))
    incident = await told(story)
    plan = await recorded(story, incident)
    assert incident.plan_digest == plan.digest
    for number in PLACES:
        other = other_than(plan, number)
        assert not (await story.journal.answer(incident.id, yes(other.digest, story))).won
    await story.go_on()
    assert (await story.journal.incident(incident.id)).waiting_on is WaitingOn.APPROVAL
    assert story.sandbox.asked.total() == 0


@pytest.mark.parametrize("number", PLACES[:4])
async def test_what_was_changed_after_a_person_approved_it_is_not_executed(
    story: Story, number: int
) -> None:
    story.with_parts(catalogue=catalogue(Autonomy.APPROVE))
    incident = await told(story)
    plan = await recorded(story, incident)
    assert (await story.journal.answer(incident.id, yes(plan.digest, story))).won
    tamper(story, incident, other_than(plan, number))
    await story.go_on()
    assert (await story.journal.incident(incident.id)).stage is Stage.ESCALATED
    assert story.sandbox.asked.total() == 0


@pytest.mark.parametrize("number", PLACES[4:8])
async def test_what_was_changed_after_the_gate_allowed_it_is_not_executed(
    story: Story, number: int
) -> None:
    incident = await story.hear()
    for _ in (Segment.ORIENT, Segment.DECIDE):
        (following,) = await story.journal.due(10)
        await story.run(following)
        await story.journal.mark(following)
    plan = await recorded(story, incident)
    tamper(story, incident, other_than(plan, number))
    await story.go_on()
    assert (await story.journal.incident(incident.id)).stage is Stage.ESCALATED
    assert story.sandbox.asked.total() == 0


async def test_without_the_approval_that_it_was_given_it_is_not_executed(story: Story) -> None:
    """The row that says so is gone; that the segment is due is no word of a person."""
    story.with_parts(catalogue=catalogue(Autonomy.APPROVE))
    incident = await told(story)
    assert incident.plan_digest is not None
    assert (await story.journal.answer(incident.id, yes(incident.plan_digest, story))).won
    with story.record.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM approvals")
    await story.go_on()
    assert (await story.journal.incident(incident.id)).stage is Stage.ESCALATED
    assert story.sandbox.asked.total() == 0
