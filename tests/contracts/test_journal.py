"""The journal's promises, by number."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.support.record import (
    OTHER_PLAN,
    PLAN,
    Record,
    alert,
    at,
    open_record,
    opened,
    waiting,
)
from tests.support.record import receive as receive_alert

from vigil.domain.alert import AlertStatus, Delivery
from vigil.domain.errors import LockHeld, NotFound
from vigil.domain.incident import HANDED_OVER, Incident, Stage, WaitingOn
from vigil.domain.timeline import GENESIS
from vigil.domain.verdict import Answer, Approval, Cancellation
from vigil.integrations.journal.inbox import (
    MOST_READ,
    ROWS,
    SHARE_ROWS,
    SOURCE_BYTES,
    SOURCE_ROWS,
)
from vigil.ports.journal import (
    REMEMBERED,
    SETTLE,
    Arrival,
    Full,
    Joined,
    MappedAlert,
    NextSegment,
    Note,
    StageOutput,
    TakenIn,
)
from vigil.ports.workflow import Segment

ROOT = Path(__file__).parents[2]


@pytest.fixture
def record(tmp_path: Path, database_url: str) -> Iterator[Record]:
    made = open_record(tmp_path, database_url)
    yield made
    made.engine.dispose()


async def receive(
    record: Record, number: int, status: AlertStatus, new_id: str, now: float | None = None
) -> Joined:
    return await receive_alert(
        record.journal,
        alert=alert(number, status),
        service="web",
        symptom="errors",
        title="web: errors",
        now=at(number if now is None else now),
        new_id=new_id,
    )


def investigating(incident: Incident) -> Incident:
    return incident.moved(Stage.INVESTIGATING, at(1))


def output(incident: Incident, json_text: str) -> StageOutput:
    return StageOutput(
        incident=incident.id, attempt=1, stage=Stage.INVESTIGATING, json_text=json_text
    )


async def kinds(record: Record, incident: Incident) -> list[str]:
    return [event.kind for event in await record.journal.events(incident.id)]


async def test_1_first_alert_opens_with_event_and_segment(record: Record) -> None:
    joined = await receive(record, 1, AlertStatus.FIRING, "a")
    assert joined.opened
    assert not joined.repeated
    assert joined.incident == await record.journal.incident("a")
    [event] = await record.journal.events("a")
    assert (event.seq, event.kind, event.previous, event.at) == (1, "opened", GENESIS, at(1))
    assert event.payload == {
        "source": "alertmanager",
        "name": "CheckoutErrors",
        "service": "web",
        "symptom": "errors",
        "severity": "critical",
        "summary": "half of the checkouts fail",
    }
    first = NextSegment(segment=Segment.ORIENT, incident="a", attempt=1)
    assert await record.journal.due(10) == (first,)


async def test_1_same_delivery_again_only_counts(record: Record) -> None:
    await receive(record, 1, AlertStatus.FIRING, "a")
    again = await receive(record, 1, AlertStatus.FIRING, "b")
    assert (again.opened, again.repeated) == (False, True)
    assert again.incident is not None
    assert again.incident.id == "a"
    assert len(await record.journal.events("a")) == 1
    assert len(await record.journal.incidents()) == 1
    with record.engine.begin() as connection:
        assert connection.execute(text("SELECT count FROM deliveries")).scalar_one() == 2


async def test_1_another_delivery_joins_the_open_incident(record: Record) -> None:
    await receive(record, 1, AlertStatus.FIRING, "a")
    joined = await receive(record, 2, AlertStatus.FIRING, "b")
    assert joined.incident is not None
    assert (joined.incident.id, joined.opened, joined.repeated) == ("a", False, False)
    assert await kinds(record, joined.incident) == ["opened", "alert_joined"]


async def test_1_resolved_alert_is_noted_and_opens_nothing(record: Record) -> None:
    nothing = await receive(record, 1, AlertStatus.RESOLVED, "a")
    assert nothing == Joined(incident=None, opened=False, repeated=False)
    assert await record.journal.incidents() == ()
    await receive(record, 2, AlertStatus.FIRING, "b")
    resolved = await receive(record, 3, AlertStatus.RESOLVED, "c")
    assert resolved.incident is not None
    assert await kinds(record, resolved.incident) == ["opened", "alert_resolved"]


async def escalated(record: Record) -> None:
    joined = await receive(record, 1, AlertStatus.FIRING, "a")
    assert joined.incident is not None
    closed = joined.incident.moved(Stage.ESCALATED, at(2))
    assert await record.journal.commit(incident=closed, expected=(Stage.TRIGGERED, 1), now=at(2))


async def test_1_an_escalated_incident_is_joined_by_alerts_of_the_same_trouble(
    record: Record,
) -> None:
    await escalated(record)
    later = await receive(record, 3, AlertStatus.FIRING, "b")
    assert later.incident is not None
    assert (later.opened, later.incident.id) == (False, "a")
    assert await kinds(record, later.incident) == ["opened", "alert_joined"]
    assert not await record.journal.incidents(only_open=True)


async def test_1_trouble_that_is_said_to_be_over_comes_back_as_a_new_incident(
    record: Record,
) -> None:
    await escalated(record)
    assert (await receive(record, 3, AlertStatus.RESOLVED, "-")).incident is not None
    later = await receive(record, 4, AlertStatus.FIRING, "b")
    assert later.opened
    assert [i.id for i in await record.journal.incidents()] == ["b", "a"]
    assert [i.id for i in await record.journal.incidents(only_open=True)] == ["b"]
    assert [i.id for i in await record.journal.incidents(1)] == ["b"]


async def test_1_what_was_over_before_it_was_escalated_is_nobodys_to_take_in_hand(
    record: Record,
) -> None:
    joined = await receive(record, 1, AlertStatus.FIRING, "a")
    assert joined.incident is not None
    await receive(record, 2, AlertStatus.RESOLVED, "-")
    closed = joined.incident.moved(Stage.ESCALATED, at(3))
    assert await record.journal.commit(incident=closed, expected=(Stage.TRIGGERED, 1), now=at(3))
    assert (await receive(record, 4, AlertStatus.FIRING, "b")).opened, "new trouble"


async def test_12_it_is_over_when_the_last_word_says_so(record: Record) -> None:
    joined = await receive(record, 1, AlertStatus.FIRING, "a")
    assert joined.incident is not None
    assert not await record.journal.said_to_be_over("a")
    await receive(record, 2, AlertStatus.RESOLVED, "-")
    assert await record.journal.said_to_be_over("a")
    await record.journal.append("a", [Note(kind="evidence")], at(3))
    assert await record.journal.said_to_be_over("a"), "what is no alert says nothing of it"
    await receive(record, 4, AlertStatus.FIRING, "b")
    assert not await record.journal.said_to_be_over("a")


async def test_1_nobody_has_an_escalated_incident_in_hand_for_ever(record: Record) -> None:
    await escalated(record)
    until = 2 + HANDED_OVER.total_seconds()
    assert not (await receive(record, int(until) - 1, AlertStatus.FIRING, "b")).opened
    assert (await receive(record, int(until) + 1, AlertStatus.FIRING, "c")).opened


SETTLED = 2 + SETTLE.total_seconds()
"""The last moment at which ``resolved``'s alert is still a repetition."""


async def resolved(record: Record) -> None:
    joined = await receive(record, 1, AlertStatus.FIRING, "a")
    assert joined.incident is not None
    closed = joined.incident.model_copy(update={"stage": Stage.RESOLVED, "closed_at": at(2)})
    assert await record.journal.commit(incident=closed, expected=(Stage.TRIGGERED, 1), now=at(2))


async def test_1_the_same_alert_soon_after_the_cure_is_a_repetition(record: Record) -> None:
    await resolved(record)
    again = await receive(record, 1, AlertStatus.FIRING, "b", SETTLED)
    assert (again.opened, again.repeated) == (False, True)
    assert [i.id for i in await record.journal.incidents()] == ["a"]
    assert len(await record.journal.events("a")) == 1


async def test_1_the_same_alert_long_after_the_cure_is_a_new_incident(record: Record) -> None:
    await resolved(record)
    again = await receive(record, 1, AlertStatus.FIRING, "b", SETTLED + 1)
    assert (again.opened, again.repeated) == (True, False)
    assert again.incident == await record.journal.incident("b")
    assert await kinds(record, again.incident) == ["opened"]
    first = NextSegment(segment=Segment.ORIENT, incident="b", attempt=1)
    assert first in await record.journal.due(10)
    # From here on it is a repetition of the new one.
    third = await receive(record, 1, AlertStatus.FIRING, "c", SETTLED + 2)
    assert (third.incident, third.opened, third.repeated) == (again.incident, False, True)
    with record.engine.begin() as connection:
        row = connection.execute(text("SELECT incident, count FROM deliveries")).one()
    assert tuple(row) == ("b", 3)


async def test_1_the_same_alert_long_after_the_cure_joins_what_is_open(record: Record) -> None:
    await resolved(record)
    assert (await receive(record, 2, AlertStatus.FIRING, "b")).opened
    again = await receive(record, 1, AlertStatus.FIRING, "c", SETTLED + 1)
    assert again.incident is not None
    assert (again.incident.id, again.opened, again.repeated) == ("b", False, False)
    assert await kinds(record, again.incident) == ["opened", "alert_joined"]
    assert (await receive(record, 1, AlertStatus.FIRING, "d", SETTLED + 2)).repeated


async def test_1_the_same_alert_many_times_long_after_the_cure_opens_exactly_one(
    record: Record,
) -> None:
    await resolved(record)
    received = await asyncio.gather(
        *(receive(record, 1, AlertStatus.FIRING, f"i{n}", SETTLED + 1) for n in range(10))
    )
    assert sum(joined.opened for joined in received) == 1
    assert sum(joined.repeated for joined in received) == 9
    assert len(await record.journal.incidents()) == 2


async def test_1_of_a_source_that_tells_each_turn_once_the_same_again_is_a_replay(
    record: Record,
) -> None:
    once = alert().model_copy(update={"repeated": False})

    async def told(now: float, new_id: str) -> Joined:
        return await receive_alert(
            record.journal,
            alert=once,
            service="web",
            symptom="errors",
            title="t",
            now=at(now),
            new_id=new_id,
        )

    first = await told(1, "a")
    assert first.incident is not None
    closed = first.incident.model_copy(update={"stage": Stage.RESOLVED, "closed_at": at(2)})
    assert await record.journal.commit(incident=closed, expected=(Stage.TRIGGERED, 1), now=at(2))
    later = await told(2 + SETTLE.total_seconds() * 100, "b")
    assert (later.opened, later.repeated) == (False, True)
    assert len(await record.journal.incidents()) == 1


async def test_1_the_end_of_an_alert_is_never_new_trouble(record: Record) -> None:
    await receive(record, 1, AlertStatus.FIRING, "a")
    ended = await receive(record, 2, AlertStatus.RESOLVED, "-")
    assert ended.incident is not None
    closed = ended.incident.model_copy(update={"stage": Stage.RESOLVED, "closed_at": at(2)})
    assert await record.journal.commit(incident=closed, expected=(Stage.TRIGGERED, 1), now=at(2))
    assert (await receive(record, 2, AlertStatus.RESOLVED, "-", SETTLED + 1)).repeated
    assert [i.id for i in await record.journal.incidents()] == ["a"]


async def test_1_the_same_alert_of_an_escalated_incident_stays_a_repetition(
    record: Record,
) -> None:
    await escalated(record)
    again = await receive(record, 1, AlertStatus.FIRING, "b", SETTLED + 1)
    assert (again.opened, again.repeated) == (False, True)
    assert [i.id for i in await record.journal.incidents()] == ["a"]


async def test_1_two_symptoms_of_one_service_stay_apart(record: Record) -> None:
    assert (await opened(record, symptom="errors")).id != (await opened(record, symptom="slow")).id


async def test_1_many_at_once_open_exactly_one(record: Record) -> None:
    received = await asyncio.gather(
        *(receive(record, n, AlertStatus.FIRING, f"i{n}") for n in range(20))
    )
    assert sum(joined.opened for joined in received) == 1
    assert len({joined.incident.id for joined in received if joined.incident}) == 1
    [incident] = await record.journal.incidents()
    assert len(await record.journal.events(incident.id)) == 20


PROCESS = """
import asyncio, sys
from pathlib import Path
from tests.support.record import alert, at, open_record, receive

async def main(directory, url, name):
    record = open_record(Path(directory), url)
    for number in range(10):
        await receive(
            record.journal,
            alert=alert(number).model_copy(update={"fingerprint": f"{name}{number}"}),
            service="web", symptom="errors", title="t", now=at(number), new_id=f"{name}{number}")

asyncio.run(main(*sys.argv[1:]))
"""


def test_1_and_4_processes_at_once_share_one_incident_and_no_link(
    tmp_path: Path, empty_database_url: str
) -> None:
    """Also the first to open: making the record, its keys and its tables is part of the race."""
    begun = [sys.executable, "-c", PROCESS, str(tmp_path), empty_database_url]
    processes = [subprocess.Popen([*begun, name], cwd=ROOT) for name in "xyz"]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    record = open_record(tmp_path, empty_database_url)
    [incident] = asyncio.run(record.journal.incidents())
    events = asyncio.run(record.journal.events(incident.id))
    assert [event.seq for event in events] == list(range(1, 31))
    assert [event.previous for event in events[1:]] == [event.hash for event in events[:-1]]
    record.engine.dispose()


async def test_2_commit_writes_everything_or_nothing(record: Record) -> None:
    incident = await opened(record)
    following = NextSegment(segment=Segment.DECIDE, incident=incident.id, attempt=1)
    moved = investigating(incident)
    assert await record.journal.commit(
        incident=moved,
        expected=(Stage.TRIGGERED, 1),
        now=at(1),
        outputs=[output(incident, "{}")],
        notes=[Note(kind="stage_entered", payload={"stage": "INVESTIGATING"})],
        following=following,
    )
    assert await record.journal.incident(incident.id) == moved
    assert await record.journal.output(incident.id, 1, Stage.INVESTIGATING) == "{}"
    assert await kinds(record, incident) == ["opened", "stage_entered"]
    assert following in await record.journal.due(10)


@pytest.mark.parametrize("expected", [(Stage.INVESTIGATING, 1), (Stage.TRIGGERED, 2)])
async def test_2_unexpected_stage_or_attempt_writes_nothing(
    record: Record, expected: tuple[Stage, int]
) -> None:
    incident = await opened(record)
    due = await record.journal.due(10)
    assert not await record.journal.commit(
        incident=investigating(incident),
        expected=expected,
        now=at(1),
        outputs=[output(incident, "{}")],
        notes=[Note(kind="stage_entered")],
        following=NextSegment(segment=Segment.DECIDE, incident=incident.id, attempt=1),
    )
    assert await record.journal.incident(incident.id) == incident
    assert await record.journal.output(incident.id, 1, Stage.INVESTIGATING) is None
    assert await kinds(record, incident) == ["opened"]
    assert await record.journal.due(10) == due


async def test_2_failing_halfway_writes_nothing(record: Record) -> None:
    """The following segment names no incident that exists, which the database refuses at last."""
    incident = await opened(record)
    stray = NextSegment(segment=Segment.DECIDE, incident="nobody", attempt=1)
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        await record.journal.commit(
            incident=investigating(incident),
            expected=(Stage.TRIGGERED, 1),
            now=at(1),
            notes=[Note(kind="stage_entered")],
            following=stray,
        )
    assert await record.journal.incident(incident.id) == incident
    assert await kinds(record, incident) == ["opened"]


async def test_2_of_many_commits_at_once_one_wins(record: Record) -> None:
    incident = await opened(record)
    won = await asyncio.gather(
        *(
            record.journal.commit(
                incident=investigating(incident),
                expected=(Stage.TRIGGERED, 1),
                now=at(1),
                notes=[Note(kind="stage_entered")],
            )
            for _ in range(8)
        )
    )
    assert sum(won) == 1
    assert await kinds(record, incident) == ["opened", "stage_entered"]


async def test_2_unknown_incident_is_not_found(record: Record) -> None:
    incident = (await opened(record)).model_copy(update={"id": "nobody"})
    with pytest.raises(NotFound):
        await record.journal.commit(incident=incident, expected=(Stage.TRIGGERED, 1), now=at(1))
    with pytest.raises(NotFound):
        await record.journal.incident("nobody")
    with pytest.raises(NotFound):
        await record.journal.append("nobody", [Note(kind="x")], at(1))


async def test_3_first_output_stays(record: Record) -> None:
    incident = await opened(record)
    moved = investigating(incident)
    for json_text in ("1", "2"):
        await record.journal.commit(
            incident=moved.model_copy(update={"stage": Stage.TRIGGERED}),
            expected=(Stage.TRIGGERED, 1),
            now=at(1),
            outputs=[output(incident, json_text)],
        )
    assert await record.journal.output(incident.id, 1, Stage.INVESTIGATING) == "1"
    assert await record.journal.output(incident.id, 1, Stage.INVESTIGATING, "other") is None
    assert await record.journal.output(incident.id, 2, Stage.INVESTIGATING) is None


async def test_4_appending_at_once_never_shares_a_place(record: Record) -> None:
    incident = await opened(record)
    notes = [Note(kind="one"), Note(kind="two")]
    await asyncio.gather(*(record.journal.append(incident.id, notes, at(2)) for _ in range(15)))
    events = await record.journal.events(incident.id)
    assert [event.seq for event in events] == list(range(1, 32))
    assert [event.previous for event in events[1:]] == [event.hash for event in events[:-1]]
    assert [event.kind for event in events[1:]] == ["one", "two"] * 15
    assert await record.journal.events(incident.id, after=29) == events[29:]


def approval(by: str, answer: Answer = Answer.APPROVED, digest: str = PLAN) -> Approval:
    return Approval(plan_digest=digest, answer=answer, by=by, at=at(5))


@pytest.mark.parametrize(
    ("answer", "segment"), [(Answer.APPROVED, Segment.ACT), (Answer.REJECTED, Segment.CLOSE)]
)
async def test_5_an_answer_wins_with_its_segment(
    record: Record, answer: Answer, segment: Segment
) -> None:
    incident = await waiting(record)
    given = approval("ada", answer)
    decided = await record.journal.answer(incident.id, given)
    assert (decided.won, decided.approval) == (True, given)
    assert await record.journal.approval(incident.id, PLAN) == given
    assert (await record.journal.incident(incident.id)).waiting_on is None
    last = (await record.journal.events(incident.id))[-1]
    assert (last.kind, last.at, last.payload) == (
        answer.value,
        at(5),
        {"by": "ada", "plan_digest": PLAN},
    )
    following = NextSegment(segment=segment, incident=incident.id, attempt=1)
    assert following in await record.journal.due(10)


async def test_5_of_many_answers_at_once_exactly_one_wins(record: Record) -> None:
    incident = await waiting(record)
    answers = [
        approval(f"person{n}", Answer.APPROVED if n % 2 else Answer.REJECTED) for n in range(12)
    ]
    decided = await asyncio.gather(*(record.journal.answer(incident.id, a) for a in answers))
    assert sum(each.won for each in decided) == 1
    [winner] = [each.approval for each in decided if each.won]
    assert {each.approval for each in decided} == {winner}
    ends = {Segment.ACT, Segment.CLOSE}
    assert len([s for s in await record.journal.due(10) if s.segment in ends]) == 1


async def test_5_another_digest_never_wins(record: Record) -> None:
    incident = await waiting(record)
    decided = await record.journal.answer(incident.id, approval("ada", digest=OTHER_PLAN))
    assert not decided.won
    assert PLAN in decided.text
    assert (await record.journal.incident(incident.id)).waiting_on is WaitingOn.APPROVAL
    assert await record.journal.approval(incident.id, OTHER_PLAN) is None


async def test_5_nobody_answers_what_does_not_wait(record: Record) -> None:
    incident = await opened(record)
    assert not (await record.journal.answer(incident.id, approval("ada"))).won
    with pytest.raises(NotFound):
        await record.journal.answer("nobody", approval("ada"))


async def test_5_a_replay_cannot_ask_again_for_an_answer_that_was_given(record: Record) -> None:
    incident = await waiting(record)
    await record.journal.answer(incident.id, approval("ada"))
    assert not await record.journal.commit(
        incident=incident, expected=(Stage.SYNTHESIZING, 1), now=at(9)
    )
    assert (await record.journal.incident(incident.id)).waiting_on is None


async def test_5_what_is_said_too_late_or_too_early_never_wins(record: Record) -> None:
    incident = await waiting(record, until=60)
    early = approval("vigil", Answer.EXPIRED).model_copy(update={"at": at(59)})
    late = approval("ada").model_copy(update={"at": at(60)})
    for given in (early, late):
        decided = await record.journal.answer(incident.id, given)
        assert not decided.won
        assert "until 2026-03-01 12:01:00 UTC" in decided.text
    no = approval("vigil", Answer.EXPIRED).model_copy(update={"at": at(60)})
    assert (await record.journal.answer(incident.id, no)).won
    assert (await record.journal.incident(incident.id)).expires_at is None
    told = (await record.journal.answer(incident.id, late)).text
    assert "expired by vigil at 2026-03-01 12:01:00 UTC, as nobody had answered it" in told


async def test_6_due_gives_oldest_first_and_marking_is_idempotent(record: Record) -> None:
    first, second = await opened(record, symptom="errors"), await opened(record, symptom="slow")
    segments = [
        NextSegment(segment=Segment.ORIENT, incident=i.id, attempt=1) for i in (first, second)
    ]
    assert list(await record.journal.due(10)) == segments
    assert list(await record.journal.due(1)) == segments[:1]
    await record.journal.mark(segments[0])
    await record.journal.mark(segments[0])
    assert list(await record.journal.due(10)) == segments[1:]


async def test_7_checkpoints_sign_all_heads_and_are_chained(record: Record) -> None:
    assert await record.journal.checkpoint(at(0)) is None
    first, second = await opened(record, symptom="errors"), await opened(record, symptom="slow")
    one = await record.journal.checkpoint(at(1))
    assert one is not None
    assert {head.incident for head in one.heads} == {first.id, second.id}
    assert (one.number, one.previous) == (1, GENESIS)
    assert await record.journal.checkpoint(at(2)) is None
    await record.journal.append(first.id, [Note(kind="more")], at(3))
    two = await record.journal.checkpoint(at(3))
    assert two is not None
    assert (two.number, two.previous, len(two.heads)) == (2, one.digest, 2)
    public_key = record.keys.audit.public_key()
    for checkpoint in (one, two):
        public_key.verify(bytes.fromhex(checkpoint.signature), bytes.fromhex(checkpoint.digest))


def segment(incident: Incident, segment: Segment, attempt: int = 1) -> NextSegment:
    return NextSegment(segment=segment, incident=incident.id, attempt=attempt)


async def hand_over_all(record: Record) -> None:
    for following in await record.journal.due(100):
        await record.journal.mark(following)
    assert await record.journal.due(100) == ()


async def go_on(record: Record, incident: Incident, now: float, following: NextSegment) -> None:
    assert await record.journal.commit(
        incident=incident,
        expected=(incident.stage, incident.attempt),
        now=at(now),
        following=following,
    )


async def test_8_of_what_is_under_way_the_last_segment_is_due_again(record: Record) -> None:
    early, late = await opened(record, symptom="errors"), await opened(record, symptom="slow")
    # The clock was set back before the last ones were written.
    await go_on(record, late, 9, segment(late, Segment.DECIDE))
    await go_on(record, late, 8, segment(late, Segment.ACT))
    await go_on(record, late, 7, segment(late, Segment.DECIDE, 2))
    await go_on(record, late, 6, segment(late, Segment.CLOSE, 2))
    await hand_over_all(record)
    await record.journal.due_again()
    await record.journal.due_again()
    last = {segment(early, Segment.ORIENT), segment(late, Segment.CLOSE, 2)}
    assert set(await record.journal.due(10)) == last


async def test_8_what_waits_or_is_closed_is_not_due_again(record: Record) -> None:
    await resolved(record)
    asking = await waiting(record)
    await hand_over_all(record)
    await record.journal.due_again()
    assert await record.journal.due(10) == ()
    await record.journal.answer(asking.id, approval("ada"))
    await hand_over_all(record)
    await record.journal.due_again()
    assert await record.journal.due(10) == (segment(asking, Segment.ACT),)


async def test_8_what_was_not_handed_over_stays_due(record: Record) -> None:
    incident = await opened(record)
    await go_on(record, incident, 1, segment(incident, Segment.DECIDE))
    due = await record.journal.due(10)
    assert len(due) == 2
    await record.journal.due_again()
    assert await record.journal.due(10) == due


async def test_executions_are_counted_once_an_attempt(record: Record) -> None:
    incident = await opened(record)
    executing = incident.model_copy(update={"stage": Stage.EXECUTING})
    await record.journal.commit(incident=executing, expected=(Stage.TRIGGERED, 1), now=at(10))
    await record.journal.commit(incident=executing, expected=(Stage.EXECUTING, 1), now=at(20))
    assert await record.journal.executions_since(at(10)) == 1
    assert await record.journal.executions_since(at(11)) == 0


async def test_erasing_keeps_the_chain_and_takes_what_it_said(record: Record) -> None:
    incident = await opened(record)
    before = await record.journal.events(incident.id)
    assert await record.journal.erase_payloads(incident.id, at(9)) == 1
    erased, said = await record.journal.events(incident.id)
    assert erased == before[0].model_copy(update={"salt": None, "payload": None})
    assert (said.kind, said.payload) == ("payloads_erased", {"count": 1})


async def test_erasing_a_closed_incident_takes_its_outputs_too(record: Record) -> None:
    incident = await opened(record)
    await record.journal.commit(
        incident=incident.moved(Stage.ESCALATED, at(1)),
        expected=(Stage.TRIGGERED, 1),
        now=at(1),
        outputs=[output(incident, "{}")],
    )
    await record.journal.erase_payloads(incident.id, at(9))
    assert await record.journal.output(incident.id, 1, Stage.INVESTIGATING) is None


async def arrives(record: Record, now: float, *deliveries: Delivery) -> tuple[TakenIn, ...]:
    """These deliveries come in together, none of them with alerts that open anything."""
    numbers = await record.journal.write_down(deliveries, at(now))
    arrivals = [
        Arrival(
            number=number,
            source=delivery.source,
            at=at(now),
            ids=delivery.ids,
            traces=(delivery.not_understood,) if delivery.not_understood else (),
        )
        for number, delivery in zip(numbers, deliveries, strict=True)
        if isinstance(number, int)
    ]
    return await record.journal.receive(arrivals)


def called(*ids: str, source: str = "pagerduty") -> Delivery:
    return Delivery(source=source, alerts=(), ids=ids)


async def replays(record: Record, now: float, *deliveries: Delivery) -> list[bool]:
    return [taken.replayed for taken in await arrives(record, now, *deliveries)]


async def test_9_any_identifier_of_a_delivery_is_known_again_and_only_of_its_source(
    record: Record,
) -> None:
    assert await replays(record, 0, called("w1", "e1", "e1")) == [False]
    assert await replays(record, 1, called("w1"), called("other", "e1")) == [True, True]
    assert await replays(record, 2, called("other"), called("w"), called()) == [False] * 3
    assert await replays(record, 3, called()) == [False], "without a name nothing is known"
    assert await replays(record, 4, called("w1", "e1", source="grafana")) == [False]


async def test_9_a_replay_in_the_same_batch_is_one_too(record: Record) -> None:
    assert await replays(record, 0, called("a"), called("a", "b"), called("b")) == [
        False,
        True,
        False,
    ]


async def test_9_identifiers_are_known_across_restarts_for_so_long_and_then_forgotten(
    record: Record, tmp_path: Path, database_url: str
) -> None:
    kept = REMEMBERED.total_seconds()
    await arrives(record, 0, called("first"))
    await arrives(record, kept, called("second"))
    again = open_record(tmp_path, database_url)
    assert await replays(again, kept, called("first"), called("second")) == [True, True]
    await arrives(again, kept + 1, called("third"))
    three = (called("first"), called("second"), called("third"))
    assert await replays(again, kept + 1, *three) == [False, True, True]
    again.engine.dispose()


async def test_9_what_a_source_calls_its_deliveries_may_be_anything(record: Record) -> None:
    odd = [called(one) for one in ("", "x" * 100_000, "\ud800", "'; DROP TABLE delivery_ids; --")]
    assert await replays(record, 0, *odd) == [False] * 4
    assert await replays(record, 1, *odd) == [True] * 4
    assert await replays(record, 2, called("x" * 99_999)) == [False]


async def test_9_many_that_are_heard_at_once_agree(record: Record) -> None:
    taken = await asyncio.gather(*(arrives(record, n, called("w", "e")) for n in range(20)))
    assert sum(not one.replayed for [one] in taken) == 1


async def test_10_heads_are_those_of_open_and_of_newest_incidents(record: Record) -> None:
    old = await opened(record, symptom="old")
    closed = old.model_copy(update={"stage": Stage.ESCALATED, "closed_at": at(2)})
    assert await record.journal.commit(incident=closed, expected=(old.stage, 1), now=at(2))
    first, second, third = [await opened(record, symptom=f"s{n}") for n in range(3)]
    gone = third.model_copy(update={"stage": Stage.ESCALATED, "closed_at": at(3)})
    assert await record.journal.commit(incident=gone, expected=(third.stage, 1), now=at(3))
    before = {head.incident: head for head in await record.journal.heads(2)}
    assert set(before) == {first.id, second.id, third.id}
    await record.journal.append(first.id, [Note(kind="n")], at(4))
    after = {head.incident: head for head in await record.journal.heads(2)}
    assert after[first.id].seq == before[first.id].seq + 1
    assert {i for i in after if after[i] != before[i]} == {first.id}


async def test_10_each_change_of_an_incident_is_another_version_of_it(record: Record) -> None:
    incident, other = await opened(record, symptom="a"), await opened(record, symptom="b")
    seen, untouched = [await record.journal.news(incident.id)], await record.journal.news(other.id)
    assert seen[0].incident == incident.id

    async def changed() -> None:
        seen.append(await record.journal.news(incident.id))

    await record.journal.append(incident.id, [Note(kind="n")], at(1))
    await changed()
    first = NextSegment(segment=Segment.ORIENT, incident=incident.id, attempt=1)
    mine = await record.journal.take_up(first, "a")
    assert mine is not None
    await changed()
    await record.journal.let_go(mine)
    await changed()
    await record.journal.erase_payloads(incident.id, at(2))
    await changed()
    versions = [news.version for news in seen]
    assert versions == sorted(set(versions))
    assert [news.seq for news in seen] == [1, 2, 2, 2, 3]
    assert await record.journal.news(other.id) == untouched
    with pytest.raises(NotFound):
        await record.journal.news("nobody")


async def test_payloads_are_bounded_and_spelled_in_utf8(record: Record) -> None:
    incident = await opened(record)
    notes = [
        Note(kind="long", payload={"log": '"\\\n' * 50_000}),
        Note(kind="odd", payload={"log": "half a pair: \ud800"}),
    ]
    await record.journal.append(incident.id, notes, at(1))
    long, odd = (await record.journal.events(incident.id))[1:]
    assert long.payload is not None
    assert long.payload["truncated"] is True
    assert len(str(long.payload["head"])) > 20_000
    assert odd.payload == {"log": "half a pair: ?"}


async def test_not_understood_deliveries_are_kept_once_and_bounded(record: Record) -> None:
    odd = Delivery(source="grafana", alerts=(), not_understood="\ud800" + "x" * 10_000)
    await arrives(record, 1, odd)
    await arrives(record, 2, odd, odd)
    with record.engine.begin() as connection:
        row = connection.execute(text("SELECT count, length(text) FROM deliveries")).one()
    assert tuple(row) == (3, 4096)


async def test_11_an_incident_is_taken_up_by_one_worker_at_a_time(record: Record) -> None:
    incident = await opened(record)
    first = NextSegment(segment=Segment.ORIENT, incident=incident.id, attempt=1)
    mine = await record.journal.take_up(first, "a")
    assert mine is not None
    assert (mine.claim, mine.claimed_by) == (1, "a")
    with pytest.raises(LockHeld, match="worker a"):
        await record.journal.take_up(first, "b")
    await record.journal.forfeit(["a"])
    theirs = await record.journal.take_up(first, "b")
    assert theirs is not None
    assert not await record.journal.commit(
        incident=investigating(mine), expected=(Stage.TRIGGERED, 1), now=at(1)
    ), "it was overtaken"
    assert await record.journal.commit(
        incident=investigating(theirs), expected=(Stage.TRIGGERED, 1), now=at(1)
    )


async def test_11_what_an_earlier_run_of_the_same_worker_commits_is_refused(
    record: Record,
) -> None:
    incident = await opened(record)
    first = NextSegment(segment=Segment.ORIENT, incident=incident.id, attempt=1)
    before = await record.journal.take_up(first, "a")
    again = await record.journal.take_up(first, "a")
    assert before is not None
    assert again is not None
    await record.journal.let_go(before)
    with pytest.raises(LockHeld):  # only the newest run may let go
        await record.journal.take_up(first, "b")
    expected = (Stage.TRIGGERED, 1)
    assert not await record.journal.commit(
        incident=investigating(before), expected=expected, now=at(1)
    )
    assert await record.journal.commit(incident=investigating(again), expected=expected, now=at(1))


async def test_11_nothing_is_left_of_a_segment_that_was_followed_by_another(
    record: Record,
) -> None:
    incident = await opened(record)
    first = NextSegment(segment=Segment.ORIENT, incident=incident.id, attempt=1)
    second = NextSegment(segment=Segment.DECIDE, incident=incident.id, attempt=1)
    mine = await record.journal.take_up(first, "a")
    assert mine is not None
    assert await record.journal.commit(
        incident=investigating(mine), expected=(Stage.TRIGGERED, 1), now=at(1), following=second
    )
    assert await record.journal.take_up(first, "a") is None
    other_attempt = second.model_copy(update={"attempt": 2})
    assert await record.journal.take_up(other_attempt, "b") is None
    assert await record.journal.take_up(second, "b") is not None, "who handed over has let go"
    with pytest.raises(NotFound):
        await record.journal.take_up(first.model_copy(update={"incident": "nobody"}), "a")


async def numbers_of(record: Record, source: str, limit: int = 100) -> list[int]:
    return [letter.number for letter in await record.journal.letters(source, limit)]


async def test_1_a_letter_is_received_once_whoever_tries(record: Record) -> None:
    complaint = alert()
    [number] = await record.journal.write_down(
        [Delivery(source="alertmanager", alerts=(complaint,))], at(0)
    )
    assert isinstance(number, int)
    mapped = MappedAlert(alert=complaint, service="web", symptom="errors", title="t", new_id="a")
    arrival = Arrival(number=number, source="alertmanager", at=at(0), alerts=(mapped,))
    taken = await asyncio.gather(*(record.journal.receive([arrival]) for _ in range(5)))
    assert sorted(len(each) for each in taken) == [0, 0, 0, 0, 1]
    with record.engine.begin() as connection:
        assert connection.execute(text("SELECT count FROM deliveries")).scalar_one() == 1
    assert await numbers_of(record, "alertmanager") == []


async def test_1_a_batch_is_received_as_its_letters_one_by_one_would_be(record: Record) -> None:
    """Repeated, joined and ended within one transaction."""
    turns = [(1, "firing"), (1, "firing"), (2, "firing"), (3, "resolved"), (1, "firing")]
    alerts = [alert(number, AlertStatus(status)) for number, status in turns]
    deliveries = [Delivery(source="alertmanager", alerts=(one,)) for one in alerts]
    numbers = await record.journal.write_down(deliveries, at(0))
    taken = await record.journal.receive(
        [
            Arrival(
                number=number,
                source="alertmanager",
                at=at(place),
                alerts=(
                    MappedAlert(
                        alert=one, service="web", symptom="errors", title="t", new_id=f"i{place}"
                    ),
                ),
            )
            for place, (number, one) in enumerate(zip(numbers, alerts, strict=True))
            if isinstance(number, int)
        ]
    )
    joined = [one.joined[0] for one in taken]
    assert [one.opened for one in joined] == [True, False, False, False, False]
    assert [one.repeated for one in joined] == [False, True, False, False, True]
    [incident] = await record.journal.incidents()
    assert incident.opened_at == at(0)
    assert await kinds(record, incident) == ["opened", "alert_joined", "alert_resolved"]
    with record.engine.begin() as connection:
        counts = connection.execute(text("SELECT count FROM deliveries ORDER BY first_at"))
        assert counts.scalars().all() == [3, 1, 1]


async def test_1_in_one_batch_what_came_back_opens_once_more_and_once(record: Record) -> None:
    """The moment of an alert is when it came, however late its letter is received."""
    await resolved(record)
    moments = [SETTLED, SETTLED + 1, SETTLED + 2]
    told = Delivery(source="alertmanager", alerts=(alert(1),))
    numbers = await record.journal.write_down([told] * 3, at(SETTLED + 100))
    arrivals = [
        Arrival(
            number=number,
            source="alertmanager",
            at=at(moment),
            alerts=(
                MappedAlert(
                    alert=alert(1), service="web", symptom="errors", title="t", new_id=f"n{moment}"
                ),
            ),
        )
        for number, moment in zip(numbers, moments, strict=True)
        if isinstance(number, int)
    ]
    joined = [one.joined[0] for one in await record.journal.receive(arrivals)]
    assert [one.opened for one in joined] == [False, True, False]
    assert [one.repeated for one in joined] == [True, False, True]
    new = joined[1].incident
    assert new is not None
    assert new.opened_at == at(SETTLED + 1)
    assert joined[2].incident == new


async def test_13_numbers_grow_and_what_has_one_is_there_after_a_restart(
    record: Record, tmp_path: Path, database_url: str
) -> None:
    first = await record.journal.write_down([called("a"), called("b")], at(0))
    await arrives(record, 1, called("c"))
    second = await record.journal.write_down([called("d")], at(1))
    numbers = [one for one in (*first, *second) if isinstance(one, int)]
    assert numbers == sorted(set(numbers))
    again = open_record(tmp_path, database_url)
    letters = await again.journal.letters("pagerduty", 10)
    moments = [at(0), at(0), at(1)]
    assert [(one.number, one.at) for one in letters] == list(zip(numbers, moments, strict=True))
    assert [one.delivery for one in letters] == [called("a"), called("b"), called("d")]
    [line] = await again.journal.inbox()
    assert (line.source, line.waiting, line.oldest_at) == ("pagerduty", 3, at(0))
    again.engine.dispose()


def fill(record: Record, source: str, rows: int) -> None:
    """So many letters of a source, which nobody reads."""
    lines = text(
        "WITH RECURSIVE numbers(n) AS "
        "(SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :rows) "
        "INSERT INTO inbox (source, at, size, sealed) SELECT :source, :at, 1, :sealed FROM numbers"
    )
    began = at(0).isoformat(timespec="microseconds")
    with record.engine.begin() as connection:
        values = {"rows": rows, "source": source, "at": began, "sealed": b"-"}
        connection.execute(lines, values)


async def test_13_a_source_that_floods_finds_no_room_and_the_others_do(record: Record) -> None:
    fill(record, "pagerduty", SOURCE_ROWS - 1)
    last, refused = await record.journal.write_down([called(), called()], at(0))
    assert isinstance(last, int)
    assert refused == Full(retry_after_s=1), "it has just begun"
    [later] = await record.journal.write_down([called()], at(100))
    assert later == Full(retry_after_s=10)
    [much_later] = await record.journal.write_down([called()], at(100_000))
    assert much_later == Full(retry_after_s=60)
    [other] = await record.journal.write_down([called(source="watch")], at(0))
    assert isinstance(other, int)


async def test_13_what_all_together_may_fill_leaves_each_source_its_share(record: Record) -> None:
    for source in ("a", "b"):
        fill(record, source, ROWS // 2)
    fill(record, "c", SHARE_ROWS - 1)
    quiet = await record.journal.write_down([called(source="c")] * 2, at(0))
    assert [isinstance(one, Full) for one in quiet] == [False, True]


async def test_13_the_bound_is_in_bytes_too(record: Record) -> None:
    await record.journal.write_down([called(), called(source="b")], at(0))
    with record.engine.begin() as connection:
        filled = text("UPDATE inbox SET size = :size WHERE source = 'pagerduty'")
        connection.execute(filled, {"size": SOURCE_BYTES})
    given = await record.journal.write_down([called(), called(source="b")], at(0))
    assert [isinstance(one, Full) for one in given] == [True, False]


async def test_14_whoever_has_waited_longest_is_first_in_line(record: Record) -> None:
    await record.journal.write_down([called(source=s) for s in ("b", "a", "c", "b")], at(0))
    assert [line.source for line in await record.journal.inbox()] == ["b", "a", "c"]
    [first] = await record.journal.letters("b", 1)
    await record.journal.receive([Arrival(number=first.number, source="b", at=at(0))])
    assert [line.source for line in await record.journal.inbox()] == ["a", "c", "b"]


async def test_14_letters_come_in_order_and_stay_until_they_are_received(record: Record) -> None:
    await record.journal.write_down([called(str(n)) for n in range(5)], at(0))
    numbers = await numbers_of(record, "pagerduty")
    assert numbers == await numbers_of(record, "pagerduty") == sorted(numbers)
    assert await numbers_of(record, "pagerduty", 2) == numbers[:2]
    assert await numbers_of(record, "grafana") == []


async def test_14_what_was_set_aside_is_no_letter_until_it_is_to_be_tried_again(
    record: Record,
) -> None:
    await record.journal.write_down([called("a")], at(0))
    await record.journal.write_down([called("b"), called("c")], at(10))
    old, new, other = await numbers_of(record, "pagerduty")
    for number in (old, new):
        await record.journal.set_aside(number, "odd \ud800\x00" + "x" * 10_000)
    assert await numbers_of(record, "pagerduty") == [other]
    [line] = await record.journal.inbox()
    assert (line.waiting, line.set_aside, line.set_aside_at) == (1, 2, at(10))
    await record.journal.try_again(at(5))
    assert await numbers_of(record, "pagerduty") == [new, other]


async def test_14_one_that_cannot_be_read_is_a_letter_without_a_delivery(record: Record) -> None:
    await record.journal.write_down([called("a"), called("b")], at(0))
    with record.engine.begin() as connection:
        moved = text("UPDATE inbox SET source = 'grafana' WHERE id = (SELECT min(id) FROM inbox)")
        connection.execute(moved)
    [letter] = await record.journal.letters("grafana", 10)
    assert letter.delivery is None, "it was sealed as another source's"
    assert len(await record.journal.letters("pagerduty", 10)) == 1


async def test_14_of_large_letters_fewer_are_read_at_once(record: Record) -> None:
    large = Delivery(source="x", alerts=(), ids=("y" * (MOST_READ // 3),))
    await record.journal.write_down([large] * 4, at(0))
    assert len(await numbers_of(record, "x")) == 2
    with record.engine.begin() as connection:
        connection.execute(text("UPDATE inbox SET size = :size"), {"size": MOST_READ * 2})
    assert len(await numbers_of(record, "x")) == 1, "one in any case"


async def test_what_lies_in_the_inbox_is_sealed(record: Record) -> None:
    told = alert().model_copy(update={"summary": "hush-hush"})
    await record.journal.write_down([Delivery(source="alertmanager", alerts=(told,))], at(0))
    with record.engine.begin() as connection:
        sealed = connection.execute(text("SELECT sealed FROM inbox")).scalar_one()
    assert b"hush-hush" not in bytes(sealed)


def cancelled(by: str = "ada", seconds: float = 5) -> Cancellation:
    return Cancellation(by=by, at=at(seconds), reason="mine")


async def test_15_of_a_plan_that_waits_a_cancellation_is_the_answer(record: Record) -> None:
    incident = await waiting(record, until=60)
    decided = await record.journal.cancel(incident.id, cancelled())
    assert decided.won
    given = await record.journal.approval(incident.id, PLAN)
    assert given == decided.approval == approval("ada", Answer.CANCELLED)
    assert await record.journal.cancellation(incident.id) == cancelled()
    after = await record.journal.incident(incident.id)
    assert (after.cancelled_by, after.waiting_on, after.expires_at) == ("ada", None, None)
    assert segment(incident, Segment.CLOSE) in await record.journal.due(10)
    last = (await record.journal.events(incident.id))[-1]
    assert (last.kind, last.at) == ("cancelled", at(5))
    assert last.payload is not None
    assert (last.payload["by"], last.payload["plan_digest"]) == ("ada", PLAN)
    late = await record.journal.answer(incident.id, approval("grace"))
    assert "cancelled by ada at 2026-03-01 12:00:05 UTC" in late.text


async def test_15_before_executing_the_run_under_way_is_overtaken(record: Record) -> None:
    incident = await opened(record)
    mine = await record.journal.take_up(segment(incident, Segment.ORIENT), "a")
    assert mine is not None
    decided = await record.journal.cancel(incident.id, cancelled())
    assert (decided.won, decided.approval) == (True, None)
    assert not await record.journal.commit(
        incident=investigating(mine), expected=(Stage.TRIGGERED, 1), now=at(6)
    )
    assert await record.journal.take_up(segment(incident, Segment.ORIENT), "a") is None
    assert await record.journal.take_up(segment(incident, Segment.CLOSE), "b") is not None


@pytest.mark.parametrize("stage", [Stage.EXECUTING, Stage.VERIFYING])
async def test_15_from_executing_on_the_run_goes_on_once_it_knows(
    record: Record, stage: Stage
) -> None:
    incident = await opened(record)
    acting = incident.model_copy(update={"stage": stage})
    await go_on(record, incident, 1, segment(incident, Segment.ACT))
    assert await record.journal.commit(incident=acting, expected=(Stage.TRIGGERED, 1), now=at(1))
    mine = await record.journal.take_up(segment(incident, Segment.ACT), "a")
    assert mine is not None
    assert (await record.journal.cancel(incident.id, cancelled())).won
    assert await record.journal.cancellation(incident.id) == cancelled()
    due = await record.journal.due(10)
    assert segment(incident, Segment.CLOSE) not in due
    assert not await record.journal.commit(incident=mine, expected=(stage, 1), now=at(6))
    knowing = mine.model_copy(update={"cancelled_by": "ada"})
    assert await record.journal.commit(incident=knowing, expected=(stage, 1), now=at(6))
    assert (await record.journal.incident(incident.id)).cancelled_by == "ada"


async def test_15_whoever_comes_too_late_is_told_what_happened(record: Record) -> None:
    twice, rejected, ending, closed = [await waiting(record, 60, s) for s in "abcd"]
    await record.journal.cancel(twice.id, cancelled("grace"))
    await record.journal.answer(rejected.id, approval("grace", Answer.REJECTED))
    await record.journal.answer(ending.id, approval("grace"))
    approved = await record.journal.incident(ending.id)
    await go_on(record, approved, 6, segment(ending, Segment.CLOSE))
    gone = closed.moved(Stage.ESCALATED, at(5))
    await record.journal.commit(incident=gone, expected=(Stage.SYNTHESIZING, 1), now=at(5))
    for incident, told in (
        (twice, "cancelled by grace at 2026-03-01 12:00:05 UTC: mine"),
        (rejected, "rejected by grace at 2026-03-01 12:00:05 UTC"),
        (ending, "is on record already"),
        (closed, "is ESCALATED"),
    ):
        before = await record.journal.events(incident.id)
        decided = await record.journal.cancel(incident.id, cancelled())
        assert not decided.won
        assert told in decided.text
        assert await record.journal.events(incident.id) == before
    with pytest.raises(NotFound):
        await record.journal.cancel("nobody", cancelled())


async def test_15_of_many_at_once_exactly_one_wins(record: Record) -> None:
    incident = await opened(record)
    calls = (record.journal.cancel(incident.id, cancelled(f"person{n}")) for n in range(8))
    decided = await asyncio.gather(*calls)
    assert sum(each.won for each in decided) == 1
    assert await kinds(record, incident) == ["opened", "cancelled"]


async def test_16_overdue_is_what_still_waits_after_its_time(record: Record) -> None:
    times = (60, 50, 40, None)
    later, sooner, answered, _ = [await waiting(record, each, f"s{each}") for each in times]
    await record.journal.answer(answered.id, approval("ada"))
    assert await record.journal.overdue(at(49), 10) == ()
    assert [i.id for i in await record.journal.overdue(at(60), 10)] == [sooner.id, later.id]
    assert [i.id for i in await record.journal.overdue(at(60), 1)] == [sooner.id]


async def waiting_for_locks(record: Record) -> Incident:
    incident = await opened(record)
    first = NextSegment(segment=Segment.ACT, incident=incident.id, attempt=1)
    assert await record.journal.commit(
        incident=incident.model_copy(update={"stage": Stage.SYNTHESIZING}),
        expected=(Stage.TRIGGERED, 1),
        now=at(1),
        following=first,
    )
    for due in await record.journal.due(10):
        await record.journal.mark(due)
    mine = await record.journal.take_up(first, "a")
    assert mine is not None
    asking = mine.model_copy(update={"waiting_on": WaitingOn.LOCKS})
    assert await record.journal.commit(incident=asking, expected=(Stage.SYNTHESIZING, 1), now=at(2))
    return asking


async def test_17_what_is_woken_is_due_in_another_turn_once(record: Record) -> None:
    incident = await waiting_for_locks(record)
    await record.journal.due_again()
    assert await record.journal.due(10) == (), "it waits"
    woken = await asyncio.gather(*(record.journal.wake(incident.id) for _ in range(4)))
    assert sum(woken) == 1
    now = await record.journal.incident(incident.id)
    assert (now.waiting_on, now.claimed_by) == (None, None)
    (due,) = await record.journal.due(10)
    assert (due.segment, due.turn) == (Segment.ACT, 2)
    await record.journal.mark(due.model_copy(update={"turn": 1}))
    assert await record.journal.due(10) == (due,), "only its own turn is marked"
    await record.journal.mark(due)
    assert await record.journal.due(10) == ()


async def test_17_a_run_that_was_about_to_wait_again_is_overtaken_by_whoever_takes_it_up(
    record: Record,
) -> None:
    incident = await waiting_for_locks(record)
    acting = NextSegment(segment=Segment.ACT, incident=incident.id, attempt=1)
    replay = await record.journal.take_up(acting, "a")
    assert replay is not None
    assert await record.journal.wake(incident.id)
    assert await record.journal.take_up(acting, "b") is not None
    assert not await record.journal.commit(
        incident=replay, expected=(Stage.SYNTHESIZING, 1), now=at(3)
    )


async def test_17_nothing_else_is_woken(record: Record) -> None:
    asking = await waiting(record)
    assert not await record.journal.wake(asking.id)
    assert (await record.journal.incident(asking.id)).waiting_on is WaitingOn.APPROVAL
    with pytest.raises(NotFound):
        await record.journal.wake("nobody")
