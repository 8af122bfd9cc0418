"""What a reasoner says that a plan cost is on record with it, and counts (2 s)."""

from decimal import Decimal

from tests.support.reasoners import Paid
from tests.support.story import Story

from vigil.domain.cost import Cost, Spent
from vigil.domain.incident import Incident, WaitingOn
from vigil.domain.policy import Policy
from vigil.domain.proof import Outcome

COST = Cost(tokens_in=900, tokens_out=200, money=Decimal("0.25"))


async def told(story: Story) -> Incident:
    incident = await story.hear()
    await story.go_on()
    return await story.journal.incident(incident.id)


async def test_beyond_the_budget_a_person_is_asked(story: Story) -> None:
    policy = Policy.model_validate({"budget": {"per_incident": {"tokens": 1000}}})
    story.with_parts(policy=policy, reasoner=Paid(COST))
    incident = await told(story)
    assert incident.waiting_on is WaitingOn.APPROVAL
    (judged,) = await story.payloads(incident.id, "judged")
    assert judged["rules"] == [
        "ask: the budget is used up: this incident has cost 1100 tokens, more than 1000"
    ]
    spent = Spent(incident=incident.id, service="web", cost=COST)
    assert await story.journal.spent_since(story.clock.now()) == (spent,)


async def test_within_it_nobody_is_asked(story: Story) -> None:
    policy = Policy.model_validate({"budget": {"per_incident": {"tokens": 1100}}})
    story.with_parts(policy=policy, reasoner=Paid(COST))
    assert (await told(story)).outcome is Outcome.VERIFIED


async def test_the_playbook_costs_nothing_whatever_is_left_of_the_budget(story: Story) -> None:
    nothing = {"tokens": 0, "money": 0}
    policy = Policy.model_validate({"budget": {"per_incident": nothing, "per_day": nothing}})
    story.with_parts(policy=policy)
    assert (await told(story)).outcome is Outcome.VERIFIED
    assert await story.journal.spent_since(story.clock.now()) == ()


async def test_what_led_to_no_plan_was_paid_for_as_well(story: Story) -> None:
    story.with_parts(reasoner=Paid(COST, speechless=True))
    incident = await told(story)
    assert incident.outcome is Outcome.NOT_EXECUTED
    (spent,) = await story.journal.spent_since(story.clock.now())
    assert spent.cost == COST
