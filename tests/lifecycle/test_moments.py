"""What people outside would be told of real incidents, and when (about 4 s)."""

from datetime import timedelta

import pytest
from tests.support.hand_clock import START
from tests.support.shop import fails_now_and_then
from tests.support.story import Story
from tests.support.world import NEW, OLD, catalogue, watching

from vigil.decisions import Decisions
from vigil.domain.alert import AlertStatus
from vigil.domain.catalogue import Autonomy, Outside
from vigil.domain.incident import Incident
from vigil.domain.message import Deed
from vigil.domain.plan import ActionStatus, PlanKind
from vigil.domain.run import RunOrder
from vigil.domain.timeline import Event
from vigil.domain.verdict import Answer, Approval
from vigil.story.addressed import MOST_PLACES, deeds, drafts
from vigil.story.moments import Kind, Moment, moments, reported

EPOCH = START - timedelta(days=1)


async def told(story: Story) -> Incident:
    incident = await story.hear()
    await story.go_on()
    return await story.journal.incident(incident.id)


async def all_of(story: Story, incident: Incident) -> tuple[Moment, ...]:
    service = story.parts.catalogue.services.get(incident.service)
    return moments(await story.journal.events(incident.id), service.autonomy if service else None)


def keys(found: tuple[Moment, ...]) -> list[str]:
    return [moment.key for moment in found]


async def test_a_cure_is_told_from_its_beginning_to_its_audit(story: Story) -> None:
    found = await all_of(story, await told(story))
    assert keys(found) == ["opened", "acting:1", "closed:1"]
    opened, acting, closed = found
    assert "checkout-errors of web" in opened.words
    assert "does what its policy allows by itself" in opened.words
    assert acting.words.startswith("Vigil begins (unasked, as the policy allows it): ")
    assert closed.kind is Kind.RESOLVED
    assert closed.words.startswith("Fixed, and proven from the user's side, ")
    for part in (
        "Most likely (",
        "Done unasked",
        "steps are in a log that can be verified",
        "Proof:",
    ):
        assert part in closed.words


async def test_whoever_is_asked_is_told_everything_that_they_need(story: Story) -> None:
    story.with_parts(catalogue=catalogue(Autonomy.APPROVE))
    incident = await told(story)
    _, waiting = await all_of(story, incident)
    assert waiting.key == f"waiting:{incident.plan_digest}"
    for part in (
        "A plan waits for a person's yes or no until 2026-03-01 ",
        "Without an answer nothing is done.",
        "\nPlan: ",
        "\n- ",
        "touches ",
        "\n  calls: release.switch(",
        "can be undone",
        "\nRisk ",
        "confidence ",
        "Why it asks: autonomy is 'approve'",
        "Most likely (",
    ):
        assert part in waiting.words, part
    incident = await story.approve(incident)
    found = await all_of(story, incident)
    assert keys(found) == ["opened", f"waiting:{incident.plan_digest}", "acting:1", "closed:1"]
    assert "(approved by Ada)" in found[2].words
    assert "Done approved by Ada" in found[3].words


async def test_what_is_undone_is_told(story: Story) -> None:
    story.shop.checkout_fails = lambda _: True
    found = await all_of(story, await told(story))
    assert keys(found) == ["opened", "acting:1", "proof:1", "acting:2", "proof:2", "closed:2"]
    assert found[2].words.startswith("What was done is not proven to have helped. ")
    assert found[3].words.startswith("Vigil begins to undo what it did")
    assert found[4].words.startswith("What was done has been undone. ")
    assert found[5].words.startswith("A person is needed. ")
    assert "\nWhat to look at next:\n- " in found[5].words


async def test_an_undo_that_failed_is_told_loudly(story: Story) -> None:
    story.shop.checkout_fails = lambda _: True

    def fail_the_undo(order: RunOrder) -> None:
        undoing = order.plan.kind is PlanKind.ROLLBACK
        story.sandbox.status = ActionStatus.FAILED if undoing else ActionStatus.SUCCEEDED

    story.sandbox.before = fail_the_undo
    found = await all_of(story, await told(story))
    assert found[4].words.startswith("THE UNDO FAILED")
    assert "in place" in found[5].words


async def test_what_got_worse_is_told(story: Story) -> None:
    story.shop.catalogue_fails = lambda shop: shop.release == OLD
    found = await all_of(story, await told(story))
    assert found[2].words.startswith("Something got worse. ")


async def test_what_is_held_is_told(story: Story) -> None:
    story.shop.checkout_fails = fails_now_and_then()
    found = await all_of(story, await told(story))
    assert keys(found) == ["opened", "acting:1", "proof:1", "closed:1"]
    assert "left as it is" in found[-1].words


async def test_who_took_it_in_hand_is_told(story: Story) -> None:
    story.with_parts(catalogue=catalogue(Autonomy.APPROVE))
    incident = await told(story)
    await Decisions(story.parts).cancel(incident.id, "Grace", "I am on it")
    await story.go_on()
    found = await all_of(story, incident)
    assert keys(found)[2:] == ["cancelled", "closed:1"]
    assert found[2].words == "Grace took this in hand (I am on it): nothing was begun."


async def test_where_vigil_only_looks_it_says_so(story: Story) -> None:
    story.with_parts(catalogue=catalogue(Autonomy.OBSERVE))
    opened, closed = await all_of(story, await told(story))
    assert "It only looks" in opened.words
    assert (closed.kind, closed.words[:19]) == (Kind.ESCALATED, "A person is needed.")


async def test_what_came_back_is_told_on_both(story: Story) -> None:
    story.with_parts(catalogue=watching(900))
    first = await told(story)
    story.clock.advance(300)
    story.shop.release = NEW
    second = await story.hear(since=story.clock.elapsed())
    await story.go_on()
    assert keys(await all_of(story, first))[-1] == f"recurred:{second.id}"
    assert "came_back" in keys(await all_of(story, second))


async def test_the_same_is_told_whatever_was_read_before(story: Story) -> None:
    """Each moment is known by a part of the timeline, and nothing that comes later changes it."""
    story.shop.checkout_fails = lambda _: True
    incident = await told(story)
    events = await story.journal.events(incident.id)
    whole = moments(events, Autonomy.AUTO)
    for end in range(len(events)):
        some = moments(events[:end], Autonomy.AUTO)
        assert some == whole[: len(some)]
    assert len(set(keys(whole))) == len(whole)


async def test_what_was_erased_or_cannot_be_read_is_left_out(story: Story) -> None:
    events = await story.journal.events((await told(story)).id)
    erased = [event.model_copy(update={"payload": None, "salt": None}) for event in events]
    assert moments(erased, Autonomy.AUTO) == ()
    assert list(reported(erased)) == []
    strange = [event.model_copy(update={"payload": {"truncated": True}}) for event in events]
    assert keys(moments(strange, None)) == [], "a joined alert is told by its event alone"


async def joined(story: Story, name: str) -> tuple[Moment, ...]:
    """Everything that is told, of which the newest is that an alert of a second source joins."""
    incident = await story.hear(source=name)
    found = await all_of(story, incident)
    assert found[-1].kind is Kind.JOINED
    return found


SAME = "This is the same trouble as before, and this is how it stands.\n"
AT_WORK = "This is trouble that Vigil is at work on already; what comes of it is told here too."


async def test_whoever_joins_is_told_what_a_person_has_to_do(story: Story) -> None:
    """It may be the only one of the incidents there that calls somebody."""
    story.with_parts(catalogue=catalogue(Autonomy.APPROVE))
    incident = await story.hear()
    assert (await joined(story, "first"))[-1].words == AT_WORK
    await story.go_on()
    *_, waiting, while_it_waits = await joined(story, "second")
    assert waiting.kind is Kind.WAITING
    assert while_it_waits.words == SAME + waiting.words
    incident = await story.journal.incident(incident.id)
    no = Approval(
        plan_digest=incident.plan_digest or "",
        answer=Answer.REJECTED,
        by="Ada",
        at=story.clock.now(),
    )
    assert (await story.journal.answer(incident.id, no)).won
    await story.go_on()
    *_, closed, once_handed_over = await joined(story, "third")
    assert closed.kind is Kind.ESCALATED
    assert once_handed_over.words == SAME + closed.words
    *_, again = await joined(story, "fourth")
    assert again.words == once_handed_over.words


async def test_whoever_joins_an_approved_plan_is_told_that_vigil_is_at_work(story: Story) -> None:
    story.with_parts(catalogue=catalogue(Autonomy.APPROVE))
    incident = await told(story)
    yes = Approval(
        plan_digest=incident.plan_digest or "",
        answer=Answer.APPROVED,
        by="Ada",
        at=story.clock.now(),
    )
    assert (await story.journal.answer(incident.id, yes)).won
    assert (await joined(story, "second"))[-1].words == AT_WORK


# --- to whom -----------------------------------------------------------------------------------


def heard(seq: int, fingerprint: str, source: str = "pagerduty") -> Event:
    return Event(
        incident="1",
        seq=seq,
        at=START + timedelta(seconds=seq),
        kind="opened" if seq == 1 else "alert_joined",
        payload_digest="",
        previous="",
        hash="",
        payload={
            "source": source,
            "fingerprint": fingerprint,
            "service": "web",
            "symptom": "errors",
        },
    )


def closed(seq: int) -> Event:
    payload = {"outcome": "not_executed", "text": "no plan", "look_next": []}
    return heard(seq, "").model_copy(update={"kind": "closed", "payload": payload})


def place_of(source: str, fingerprint: str) -> str | None:
    return fingerprint if source == "pagerduty" else None


def sent(events: list[Event], since: float = 0.0) -> list[tuple[str, str]]:
    found = moments(events, None)
    begin = START + timedelta(seconds=since)
    return [(d.place, d.key) for d in drafts(events, found, place_of, Outside(), begin)]


def test_whoever_reports_it_later_is_told_what_comes_then() -> None:
    events = [
        heard(1, "Q1"),
        heard(2, "x", "alertmanager"),
        heard(3, "Q2"),
        heard(4, "Q2"),
        closed(5),
    ]
    assert sent(events) == [
        ("Q1", "opened"),
        ("Q2", "joined:3"),
        ("Q1", "closed:1"),
        ("Q2", "closed:1"),
    ]


def test_what_came_before_a_channel_is_not_for_it() -> None:
    assert sent([heard(1, "Q1"), closed(5)], since=3) == [("Q1", "closed:1")]


def test_nobody_is_told_of_what_no_tracker_reported() -> None:
    assert sent([heard(1, "Q1", "alertmanager"), closed(5)]) == []


def test_only_so_many_places_are_told() -> None:
    crowd = [heard(number, f"Q{number}") for number in range(1, 60)]
    last = [place for place, key in sent([*crowd, closed(60)]) if key == "closed:1"]
    assert last == [f"Q{number}" for number in range(1, MOST_PLACES + 1)]


@pytest.mark.parametrize(
    ("kind", "wishes", "expected"),
    [
        (Kind.RESOLVED, Outside(), [Deed.NOTE, Deed.RESOLVE]),
        (Kind.RESOLVED, Outside(resolve=False), [Deed.NOTE]),
        (Kind.FALSE_ALARM, Outside(), [Deed.NOTE]),
        (Kind.FALSE_ALARM, Outside(resolve_false_alarms=True), [Deed.NOTE, Deed.RESOLVE]),
        (Kind.ACTING, Outside(), [Deed.NOTE]),
        (Kind.ACTING, Outside(acknowledge=True), [Deed.NOTE, Deed.ACKNOWLEDGE]),
        (Kind.WAITING, Outside(acknowledge=True), [Deed.NOTE]),
        (Kind.ESCALATED, Outside(acknowledge=True, resolve_false_alarms=True), [Deed.NOTE]),
    ],
    ids=[
        "proven",
        "proven, left open",
        "false alarm",
        "false alarm, wanted",
        "acting",
        "acting, wanted",
        "waiting",
        "escalated",
    ],
)
def test_what_is_done_there(kind: Kind, wishes: Outside, expected: list[Deed]) -> None:
    assert list(deeds(kind, wishes)) == expected


async def test_an_alert_that_ends_is_no_moment(story: Story) -> None:
    story.with_parts(catalogue=catalogue(Autonomy.APPROVE))
    incident = await told(story)
    before = keys(await all_of(story, incident))
    await story.hear(status=AlertStatus.RESOLVED)
    assert keys(await all_of(story, incident)) == before
