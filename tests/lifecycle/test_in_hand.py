"""A person who takes it in hand at the source is asked before Vigil acts (3 s)."""

from tests.support.story import Story

from vigil.domain.alert import AlertStatus, Delivery, Did, Doing
from vigil.domain.incident import Incident, WaitingOn
from vigil.domain.proof import Outcome
from vigil.ports.inbox import Arrival
from vigil.ports.workflow import Segment

RULE = "ask: people have it in hand: Ann acknowledged it at PagerDuty"


async def paged(story: Story) -> Incident:
    """PagerDuty tells of it, as of an incident that it goes on telling of."""
    return await story.hear(source="pagerduty", followed=True)


async def acknowledge(story: Story, *, person: bool = True) -> None:
    doing = Doing(
        source="pagerduty",
        fingerprint="pagerduty/checkout-errors",
        did=Did.ACKNOWLEDGED,
        by="Ann",
        person=person,
    )
    delivery = Delivery(source="pagerduty", alerts=(), doings=(doing,))
    now = story.clock.now()
    [number] = await story.record.inbox.write_down([delivery], now)
    assert isinstance(number, int)
    arrival = Arrival(number=number, source="pagerduty", at=now, doings=(doing,))
    assert await story.record.inbox.receive([arrival])


async def rules(story: Story, incident: Incident) -> object:
    return (await story.payloads(incident.id, "judged"))[-1]["rules"]


async def test_who_acknowledged_is_asked_and_may_agree(story: Story) -> None:
    incident = await paged(story)
    await acknowledge(story)
    await story.go_on()
    waiting = await story.journal.incident(incident.id)
    assert waiting.waiting_on is WaitingOn.APPROVAL
    assert await rules(story, incident) == [RULE]
    assert (await story.approve(waiting)).outcome is Outcome.VERIFIED


async def test_a_program_that_acknowledges_holds_nothing_up(story: Story) -> None:
    incident = await paged(story)
    await acknowledge(story, person=False)
    await story.go_on()
    assert (await story.journal.incident(incident.id)).outcome is Outcome.VERIFIED


async def test_who_acknowledges_just_before_acting_stops_what_nobody_approved(
    story: Story,
) -> None:
    incident = await paged(story)
    for _ in (Segment.ORIENT, Segment.DECIDE):
        (following,) = await story.journal.due(10)
        await story.run(following)
        await story.journal.mark(following)
    await acknowledge(story)
    await story.go_on()
    assert (await story.journal.incident(incident.id)).outcome is Outcome.NOT_EXECUTED
    assert "Ann acknowledged it at PagerDuty" in await story.ending(incident.id)
    assert story.sandbox.asked.total() == 0


async def test_who_resolved_it_there_is_asked_if_it_still_fails(story: Story) -> None:
    incident = await paged(story)
    over = await story.hear(
        source="pagerduty", followed=True, status=AlertStatus.RESOLVED, since=1, by="Ann"
    )
    assert over.id == incident.id
    await story.go_on()
    assert (await story.journal.incident(incident.id)).waiting_on is WaitingOn.APPROVAL
    assert await rules(story, incident) == [
        "ask: people have it in hand: Ann resolved it at PagerDuty"
    ]
