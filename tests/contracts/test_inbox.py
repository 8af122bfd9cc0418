"""The inbox's promises, by number."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.support.record import (
    Record,
    alert,
    at,
    hear,
    kinds,
    open_record,
    opened,
    receive,
    resolved,
)

from vigil.domain.alert import ENDED, Alert, AlertStatus, Delivery, Did, Doing
from vigil.domain.in_hand import in_hand
from vigil.domain.incident import HANDED_OVER, Stage
from vigil.domain.timeline import GENESIS
from vigil.integrations.journal.letters import (
    MOST_READ,
    ROWS,
    SHARE_ROWS,
    SOURCE_BYTES,
    SOURCE_ROWS,
)
from vigil.ports.inbox import (
    MOST_TOLD,
    REMEMBERED,
    SETTLE,
    Arrival,
    Full,
    Joined,
    MappedAlert,
    TakenIn,
)
from vigil.ports.journal import NextSegment
from vigil.ports.workflow import Segment
from vigil.story.moments import Reported, reported

ROOT = Path(__file__).parents[2]


@pytest.fixture
def record(tmp_path: Path, database_url: str) -> Iterator[Record]:
    made = open_record(tmp_path, database_url)
    yield made
    made.engine.dispose()


async def test_3_first_alert_opens_with_event_and_segment(record: Record) -> None:
    joined = await hear(record, 1, AlertStatus.FIRING, "a")
    assert joined.opened
    assert not joined.repeated
    assert joined.incident == await record.journal.incident("a")
    [event] = await record.journal.events("a")
    assert (event.seq, event.kind, event.previous, event.at) == (1, "opened", GENESIS, at(1))
    assert event.payload == {
        "source": "alertmanager",
        "fingerprint": "f1",
        "name": "CheckoutErrors",
        "service": "web",
        "symptom": "errors",
        "severity": "critical",
        "summary": "half of the checkouts fail",
    }
    first = NextSegment(segment=Segment.ORIENT, incident="a", attempt=1)
    assert await record.journal.due(10) == (first,)


async def test_3_same_delivery_again_only_counts(record: Record) -> None:
    await hear(record, 1, AlertStatus.FIRING, "a")
    again = await hear(record, 1, AlertStatus.FIRING, "b")
    assert (again.opened, again.repeated) == (False, True)
    assert again.incident is not None
    assert again.incident.id == "a"
    assert len(await record.journal.events("a")) == 1
    assert len(await record.journal.incidents()) == 1
    with record.engine.begin() as connection:
        assert connection.execute(text("SELECT count FROM deliveries")).scalar_one() == 2


async def test_3_another_delivery_joins_the_open_incident(record: Record) -> None:
    await hear(record, 1, AlertStatus.FIRING, "a")
    joined = await hear(record, 2, AlertStatus.FIRING, "b")
    assert joined.incident is not None
    assert (joined.incident.id, joined.opened, joined.repeated) == ("a", False, False)
    assert await kinds(record, joined.incident) == ["opened", "alert_joined"]


async def test_3_resolved_alert_is_noted_and_opens_nothing(record: Record) -> None:
    nothing = await hear(record, 1, AlertStatus.RESOLVED, "a")
    assert nothing == Joined(incident=None, opened=False, repeated=False)
    assert await record.journal.incidents() == ()
    await hear(record, 2, AlertStatus.FIRING, "b")
    resolved = await hear(record, 3, AlertStatus.RESOLVED, "c")
    assert resolved.incident is not None
    assert await kinds(record, resolved.incident) == ["opened", "alert_resolved"]


async def escalated(record: Record) -> None:
    joined = await hear(record, 1, AlertStatus.FIRING, "a")
    assert joined.incident is not None
    closed = joined.incident.moved(Stage.ESCALATED, at(2))
    assert await record.journal.commit(incident=closed, expected=(Stage.TRIGGERED, 1), now=at(2))


async def test_3_an_escalated_incident_is_joined_by_alerts_of_the_same_trouble(
    record: Record,
) -> None:
    await escalated(record)
    later = await hear(record, 3, AlertStatus.FIRING, "b")
    assert later.incident is not None
    assert (later.opened, later.incident.id) == (False, "a")
    assert await kinds(record, later.incident) == ["opened", "alert_joined"]
    assert not await record.journal.incidents(only_open=True)


async def test_3_trouble_that_is_said_to_be_over_comes_back_as_a_new_incident(
    record: Record,
) -> None:
    await escalated(record)
    assert (await hear(record, 3, AlertStatus.RESOLVED, "-")).incident is not None
    later = await hear(record, 4, AlertStatus.FIRING, "b")
    assert later.opened
    assert [i.id for i in await record.journal.incidents()] == ["b", "a"]
    assert [i.id for i in await record.journal.incidents(only_open=True)] == ["b"]
    assert [i.id for i in await record.journal.incidents(1)] == ["b"]


async def test_3_what_was_over_before_it_was_escalated_is_nobodys_to_take_in_hand(
    record: Record,
) -> None:
    joined = await hear(record, 1, AlertStatus.FIRING, "a")
    assert joined.incident is not None
    await hear(record, 2, AlertStatus.RESOLVED, "-")
    closed = joined.incident.moved(Stage.ESCALATED, at(3))
    assert await record.journal.commit(incident=closed, expected=(Stage.TRIGGERED, 1), now=at(3))
    assert (await hear(record, 4, AlertStatus.FIRING, "b")).opened, "new trouble"


async def test_3_nobody_has_an_escalated_incident_in_hand_for_ever(record: Record) -> None:
    await escalated(record)
    until = 2 + HANDED_OVER.total_seconds()
    assert not (await hear(record, int(until) - 1, AlertStatus.FIRING, "b")).opened
    assert (await hear(record, int(until) + 1, AlertStatus.FIRING, "c")).opened


SETTLED = 2 + SETTLE.total_seconds()
"""The last moment at which ``resolved``'s alert is still a repetition."""


async def test_3_the_same_alert_soon_after_the_cure_is_a_repetition(record: Record) -> None:
    await resolved(record)
    again = await hear(record, 1, AlertStatus.FIRING, "b", SETTLED)
    assert (again.opened, again.repeated) == (False, True)
    assert [i.id for i in await record.journal.incidents()] == ["a"]
    assert len(await record.journal.events("a")) == 1


async def test_3_the_same_alert_long_after_the_cure_is_a_new_incident(record: Record) -> None:
    await resolved(record)
    again = await hear(record, 1, AlertStatus.FIRING, "b", SETTLED + 1)
    assert (again.opened, again.repeated) == (True, False)
    assert again.incident == await record.journal.incident("b")
    assert await kinds(record, again.incident) == ["opened"]
    first = NextSegment(segment=Segment.ORIENT, incident="b", attempt=1)
    assert first in await record.journal.due(10)
    # From here on it is a repetition of the new one.
    third = await hear(record, 1, AlertStatus.FIRING, "c", SETTLED + 2)
    assert (third.incident, third.opened, third.repeated) == (again.incident, False, True)
    with record.engine.begin() as connection:
        row = connection.execute(text("SELECT incident, count FROM deliveries")).one()
    assert tuple(row) == ("b", 3)


async def test_3_the_same_alert_long_after_the_cure_joins_what_is_open(record: Record) -> None:
    await resolved(record)
    assert (await hear(record, 2, AlertStatus.FIRING, "b")).opened
    again = await hear(record, 1, AlertStatus.FIRING, "c", SETTLED + 1)
    assert again.incident is not None
    assert (again.incident.id, again.opened, again.repeated) == ("b", False, False)
    assert await kinds(record, again.incident) == ["opened", "alert_joined"]
    assert (await hear(record, 1, AlertStatus.FIRING, "d", SETTLED + 2)).repeated


async def test_3_the_same_alert_many_times_long_after_the_cure_opens_exactly_one(
    record: Record,
) -> None:
    await resolved(record)
    received = await asyncio.gather(
        *(hear(record, 1, AlertStatus.FIRING, f"i{n}", SETTLED + 1) for n in range(10))
    )
    assert sum(joined.opened for joined in received) == 1
    assert sum(joined.repeated for joined in received) == 9
    assert len(await record.journal.incidents()) == 2


async def test_3_of_a_source_that_tells_each_turn_once_the_same_again_is_a_replay(
    record: Record,
) -> None:
    once = alert().model_copy(update={"repeated": False})

    async def told(now: float, new_id: str) -> Joined:
        return await receive(
            record.inbox,
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


async def test_3_the_end_of_an_alert_is_never_new_trouble(record: Record) -> None:
    await hear(record, 1, AlertStatus.FIRING, "a")
    ended = await hear(record, 2, AlertStatus.RESOLVED, "-")
    assert ended.incident is not None
    closed = ended.incident.model_copy(update={"stage": Stage.RESOLVED, "closed_at": at(2)})
    assert await record.journal.commit(incident=closed, expected=(Stage.TRIGGERED, 1), now=at(2))
    assert (await hear(record, 2, AlertStatus.RESOLVED, "-", SETTLED + 1)).repeated
    assert [i.id for i in await record.journal.incidents()] == ["a"]


async def test_3_the_same_alert_of_an_escalated_incident_stays_a_repetition(
    record: Record,
) -> None:
    await escalated(record)
    again = await hear(record, 1, AlertStatus.FIRING, "b", SETTLED + 1)
    assert (again.opened, again.repeated) == (False, True)
    assert [i.id for i in await record.journal.incidents()] == ["a"]


async def test_3_of_endless_alerts_the_timeline_tells_the_first_and_all_are_counted(
    record: Record,
) -> None:
    """A source that flaps has a new key each time: begun, over, begun anew."""
    last = MOST_TOLD + 20
    for number in range(1, last + 1):
        status = AlertStatus.FIRING if number % 2 else AlertStatus.RESOLVED
        joined = await hear(record, number, status, "a")
        assert joined.incident is not None
        assert (joined.incident.id, joined.opened, joined.repeated) == ("a", number == 1, False)
        assert await record.journal.said_to_be_over("a") == (status is AlertStatus.RESOLVED)
    told = await kinds(record, await record.journal.incident("a"))
    assert len(told) == MOST_TOLD + 1
    assert told[-2:] == ["alert_resolved", "alerts_counted"]
    assert (await hear(record, last, AlertStatus.RESOLVED, "-")).repeated
    with record.engine.begin() as connection:
        counts = connection.execute(text("SELECT count(*), sum(count) FROM deliveries")).one()
    assert tuple(counts) == (last, last + 1)


async def test_3_two_symptoms_of_one_service_stay_apart(record: Record) -> None:
    assert (await opened(record, symptom="errors")).id != (await opened(record, symptom="slow")).id


async def test_3_many_at_once_open_exactly_one(record: Record) -> None:
    received = await asyncio.gather(
        *(hear(record, n, AlertStatus.FIRING, f"i{n}") for n in range(20))
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
            record.inbox,
            alert=alert(number).model_copy(update={"fingerprint": f"{name}{number}"}),
            service="web", symptom="errors", title="t", now=at(number), new_id=f"{name}{number}")

asyncio.run(main(*sys.argv[1:]))
"""


def test_3_processes_at_once_share_one_incident_and_no_link(
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


async def arrives(record: Record, now: float, *deliveries: Delivery) -> tuple[TakenIn, ...]:
    """These deliveries come in together, none of them with alerts that open anything."""
    numbers = await record.inbox.write_down(deliveries, at(now))
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
    return await record.inbox.receive(arrivals)


def called(*ids: str, source: str = "pagerduty") -> Delivery:
    return Delivery(source=source, alerts=(), ids=ids)


async def replays(record: Record, now: float, *deliveries: Delivery) -> list[bool]:
    return [taken.replayed for taken in await arrives(record, now, *deliveries)]


async def test_4_any_identifier_of_a_delivery_is_known_again_and_only_of_its_source(
    record: Record,
) -> None:
    assert await replays(record, 0, called("w1", "e1", "e1")) == [False]
    assert await replays(record, 1, called("w1"), called("other", "e1")) == [True, True]
    assert await replays(record, 2, called("other"), called("w"), called()) == [False] * 3
    assert await replays(record, 3, called()) == [False], "without a name nothing is known"
    assert await replays(record, 4, called("w1", "e1", source="grafana")) == [False]


async def test_4_a_replay_in_the_same_batch_is_one_too(record: Record) -> None:
    assert await replays(record, 0, called("a"), called("a", "b"), called("b")) == [
        False,
        True,
        False,
    ]


async def test_4_identifiers_are_known_across_restarts_for_so_long_and_then_forgotten(
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


async def test_4_what_a_source_calls_its_deliveries_may_be_anything(record: Record) -> None:
    odd = [called(one) for one in ("", "x" * 100_000, "\ud800", "'; DROP TABLE delivery_ids; --")]
    assert await replays(record, 0, *odd) == [False] * 4
    assert await replays(record, 1, *odd) == [True] * 4
    assert await replays(record, 2, called("x" * 99_999)) == [False]


async def test_4_many_that_are_heard_at_once_agree(record: Record) -> None:
    taken = await asyncio.gather(*(arrives(record, n, called("w", "e")) for n in range(20)))
    assert sum(not one.replayed for [one] in taken) == 1


async def test_not_understood_deliveries_are_kept_once_and_bounded(record: Record) -> None:
    odd = Delivery(source="grafana", alerts=(), not_understood="\ud800" + "x" * 10_000)
    await arrives(record, 1, odd)
    await arrives(record, 2, odd, odd)
    with record.engine.begin() as connection:
        row = connection.execute(text("SELECT count, length(text) FROM deliveries")).one()
    assert tuple(row) == (3, 4096)


async def numbers_of(record: Record, source: str, limit: int = 100) -> list[int]:
    return [letter.number for letter in await record.inbox.letters(source, limit)]


async def test_3_a_letter_is_received_once_whoever_tries(record: Record) -> None:
    complaint = alert()
    [number] = await record.inbox.write_down(
        [Delivery(source="alertmanager", alerts=(complaint,))], at(0)
    )
    assert isinstance(number, int)
    mapped = MappedAlert(alert=complaint, service="web", symptom="errors", title="t", new_id="a")
    arrival = Arrival(number=number, source="alertmanager", at=at(0), alerts=(mapped,))
    taken = await asyncio.gather(*(record.inbox.receive([arrival]) for _ in range(5)))
    assert sorted(len(each) for each in taken) == [0, 0, 0, 0, 1]
    with record.engine.begin() as connection:
        assert connection.execute(text("SELECT count FROM deliveries")).scalar_one() == 1
    assert await numbers_of(record, "alertmanager") == []


async def test_3_a_batch_is_received_as_its_letters_one_by_one_would_be(record: Record) -> None:
    """Repeated, joined and ended within one transaction."""
    turns = [(1, "firing"), (1, "firing"), (2, "firing"), (3, "resolved"), (1, "firing")]
    alerts = [alert(number, AlertStatus(status)) for number, status in turns]
    deliveries = [Delivery(source="alertmanager", alerts=(one,)) for one in alerts]
    numbers = await record.inbox.write_down(deliveries, at(0))
    taken = await record.inbox.receive(
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


async def test_3_in_one_batch_what_came_back_opens_once_more_and_once(record: Record) -> None:
    """The moment of an alert is when it came, however late its letter is received."""
    await resolved(record)
    moments = [SETTLED, SETTLED + 1, SETTLED + 2]
    told = Delivery(source="alertmanager", alerts=(alert(1),))
    numbers = await record.inbox.write_down([told] * 3, at(SETTLED + 100))
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
    joined = [one.joined[0] for one in await record.inbox.receive(arrivals)]
    assert [one.opened for one in joined] == [False, True, False]
    assert [one.repeated for one in joined] == [True, False, True]
    new = joined[1].incident
    assert new is not None
    assert new.opened_at == at(SETTLED + 1)
    assert joined[2].incident == new


async def test_1_numbers_grow_and_what_has_one_is_there_after_a_restart(
    record: Record, tmp_path: Path, database_url: str
) -> None:
    first = await record.inbox.write_down([called("a"), called("b")], at(0))
    await arrives(record, 1, called("c"))
    second = await record.inbox.write_down([called("d")], at(1))
    numbers = [one for one in (*first, *second) if isinstance(one, int)]
    assert numbers == sorted(set(numbers))
    again = open_record(tmp_path, database_url)
    letters = await again.inbox.letters("pagerduty", 10)
    moments = [at(0), at(0), at(1)]
    assert [(one.number, one.at) for one in letters] == list(zip(numbers, moments, strict=True))
    assert [one.delivery for one in letters] == [called("a"), called("b"), called("d")]
    [line] = await again.inbox.lines()
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


async def test_1_a_source_that_floods_finds_no_room_and_the_others_do(record: Record) -> None:
    fill(record, "pagerduty", SOURCE_ROWS - 1)
    last, refused = await record.inbox.write_down([called(), called()], at(0))
    assert isinstance(last, int)
    assert refused == Full(retry_after_s=1), "it has just begun"
    [later] = await record.inbox.write_down([called()], at(100))
    assert later == Full(retry_after_s=10)
    [much_later] = await record.inbox.write_down([called()], at(100_000))
    assert much_later == Full(retry_after_s=60)
    [other] = await record.inbox.write_down([called(source="watch")], at(0))
    assert isinstance(other, int)


async def test_1_what_all_together_may_fill_leaves_each_source_its_share(record: Record) -> None:
    for source in ("a", "b"):
        fill(record, source, ROWS // 2)
    fill(record, "c", SHARE_ROWS - 1)
    quiet = await record.inbox.write_down([called(source="c")] * 2, at(0))
    assert [isinstance(one, Full) for one in quiet] == [False, True]


async def test_1_the_bound_is_in_bytes_too(record: Record) -> None:
    await record.inbox.write_down([called(), called(source="b")], at(0))
    with record.engine.begin() as connection:
        filled = text("UPDATE inbox SET size = :size WHERE source = 'pagerduty'")
        connection.execute(filled, {"size": SOURCE_BYTES})
    given = await record.inbox.write_down([called(), called(source="b")], at(0))
    assert [isinstance(one, Full) for one in given] == [True, False]


async def test_2_whoever_has_waited_longest_is_first_in_line(record: Record) -> None:
    await record.inbox.write_down([called(source=s) for s in ("b", "a", "c", "b")], at(0))
    assert [line.source for line in await record.inbox.lines()] == ["b", "a", "c"]
    [first] = await record.inbox.letters("b", 1)
    await record.inbox.receive([Arrival(number=first.number, source="b", at=at(0))])
    assert [line.source for line in await record.inbox.lines()] == ["a", "c", "b"]


async def test_2_letters_come_in_order_and_stay_until_they_are_received(record: Record) -> None:
    await record.inbox.write_down([called(str(n)) for n in range(5)], at(0))
    numbers = await numbers_of(record, "pagerduty")
    assert numbers == await numbers_of(record, "pagerduty") == sorted(numbers)
    assert await numbers_of(record, "pagerduty", 2) == numbers[:2]
    assert await numbers_of(record, "grafana") == []


async def test_2_what_was_set_aside_is_no_letter_until_it_is_to_be_tried_again(
    record: Record,
) -> None:
    await record.inbox.write_down([called("a")], at(0))
    await record.inbox.write_down([called("b"), called("c")], at(10))
    old, new, other = await numbers_of(record, "pagerduty")
    for number in (old, new):
        await record.inbox.set_aside(number, "odd \ud800\x00" + "x" * 10_000)
    assert await numbers_of(record, "pagerduty") == [other]
    [line] = await record.inbox.lines()
    assert (line.waiting, line.set_aside, line.set_aside_at) == (1, 2, at(10))
    await record.inbox.try_again(at(5))
    assert await numbers_of(record, "pagerduty") == [new, other]


async def test_2_one_that_cannot_be_read_is_a_letter_without_a_delivery(record: Record) -> None:
    await record.inbox.write_down([called("a"), called("b")], at(0))
    with record.engine.begin() as connection:
        moved = text("UPDATE inbox SET source = 'grafana' WHERE id = (SELECT min(id) FROM inbox)")
        connection.execute(moved)
    [letter] = await record.inbox.letters("grafana", 10)
    assert letter.delivery is None, "it was sealed as another source's"
    assert len(await record.inbox.letters("pagerduty", 10)) == 1


async def test_2_of_large_letters_fewer_are_read_at_once(record: Record) -> None:
    large = Delivery(source="x", alerts=(), ids=("y" * (MOST_READ // 3),))
    await record.inbox.write_down([large] * 4, at(0))
    assert len(await numbers_of(record, "x")) == 2
    with record.engine.begin() as connection:
        connection.execute(text("UPDATE inbox SET size = :size"), {"size": MOST_READ * 2})
    assert len(await numbers_of(record, "x")) == 1, "one in any case"


async def test_what_lies_in_the_inbox_is_sealed(record: Record) -> None:
    told = alert().model_copy(update={"summary": "hush-hush"})
    await record.inbox.write_down([Delivery(source="alertmanager", alerts=(told,))], at(0))
    with record.engine.begin() as connection:
        sealed = connection.execute(text("SELECT sealed FROM inbox")).scalar_one()
    assert b"hush-hush" not in bytes(sealed)


async def spell(
    record: Record, number: int, turn: str, new_id: str, now: float | None = None
) -> Joined:
    """A turn of one spell of trouble, of a source that gives each a fingerprint of its own."""
    status = AlertStatus.RESOLVED if turn == ENDED else AlertStatus.FIRING
    when = number if now is None else now
    return await receive(
        record.inbox,
        alert=alert(number, status).model_copy(update={"source": "datadog", "turn": turn}),
        service="web",
        symptom="errors",
        title="web: errors",
        now=at(when),
        new_id=new_id,
    )


async def test_5_nothing_of_a_spell_is_heard_after_its_end(record: Record) -> None:
    assert (await spell(record, 2, ENDED, "-")).incident is None
    late = await spell(record, 1, "alert", "a", now=3)
    assert late == Joined(incident=None, opened=False, repeated=False)
    assert await record.journal.incidents() == ()
    with record.engine.begin() as connection:
        kept = connection.execute(text("SELECT text FROM deliveries")).scalars().all()
    assert [each for each in kept if each] == [
        "an alert came after its own end, and opened nothing"
    ]


async def test_5_nor_is_what_is_told_again_however_late(record: Record) -> None:
    joined = await spell(record, 1, "alert", "a")
    assert joined.incident is not None
    await spell(record, 2, ENDED, "-")
    closed = joined.incident.model_copy(update={"stage": Stage.RESOLVED, "closed_at": at(3)})
    assert await record.journal.commit(incident=closed, expected=(Stage.TRIGGERED, 1), now=at(3))
    again = await spell(record, 1, "alert", "b", now=3600)
    assert (again.incident, again.repeated) == (None, True)
    assert len(await record.journal.incidents()) == 1


async def test_5_a_turn_told_again_is_a_repetition_whenever_it_says_it_began(
    record: Record,
) -> None:
    assert (await spell(record, 1, "alert", "a")).opened
    again = await spell(record, 2, "alert", "b")
    assert (again.opened, again.repeated) == (False, True)
    other = await spell(record, 3, "warn", "c")
    assert other.incident is not None
    assert await kinds(record, other.incident) == ["opened", "alert_joined"]


async def test_5_a_spell_that_lasts_long_after_the_cure_is_a_new_incident(
    record: Record,
) -> None:
    joined = await spell(record, 1, "alert", "a")
    assert joined.incident is not None
    closed = joined.incident.model_copy(update={"stage": Stage.RESOLVED, "closed_at": at(2)})
    assert await record.journal.commit(incident=closed, expected=(Stage.TRIGGERED, 1), now=at(2))
    assert (await spell(record, 9, "alert", "b", now=SETTLED)).repeated
    assert (await spell(record, 9, "alert", "c", now=SETTLED + 1)).opened


def followed(number: int, outside: str, status: AlertStatus = AlertStatus.FIRING) -> Alert:
    """An alert about something that has an incident of its own at the source."""
    changes = {"source": "pagerduty", "fingerprint": outside, "repeated": False, "followed": True}
    return alert(number, status).model_copy(update=changes)


async def told_of(
    record: Record, number: int, found: Alert, new_id: str, symptom: str = "errors"
) -> Joined:
    return await receive(
        record.inbox,
        alert=found,
        service="web",
        symptom=symptom,
        title="web: errors",
        now=at(number),
        new_id=new_id,
    )


async def do(
    record: Record, number: int, outside: str, did: Did, into: str = "", *, person: bool = False
) -> None:
    """Somebody does something at the source."""
    doing = Doing(
        source="pagerduty",
        fingerprint=outside,
        did=did,
        by="Ann",
        person=person,
        text="a word",
        into=into,
    )
    delivery = Delivery(source="pagerduty", alerts=(), doings=(doing,))
    [letter] = await record.inbox.write_down([delivery], at(number))
    assert isinstance(letter, int)
    [kept] = await record.inbox.letters("pagerduty", 1)
    assert kept.delivery == delivery
    arrival = Arrival(number=letter, source="pagerduty", at=at(number), doings=(doing,))
    assert await record.inbox.receive([arrival])


async def seen(record: Record, incident: str) -> list[object]:
    events = await record.journal.events(incident)
    return [event.payload for event in events if event.kind == "done_at_source"]


async def traces(record: Record) -> list[str]:
    with record.engine.begin() as connection:
        kept = connection.execute(text("SELECT text FROM deliveries WHERE text IS NOT NULL"))
        return list(kept.scalars())


DONE = {
    "source": "pagerduty",
    "fingerprint": "Q1",
    "by": "Ann",
    "person": False,
    "text": "a word",
}


async def test_6_what_is_done_at_a_source_is_told_with_the_incident(record: Record) -> None:
    await told_of(record, 1, followed(1, "Q1"), "a")
    await do(record, 2, "Q1", Did.ACKNOWLEDGED)
    assert await seen(record, "a") == [DONE | {"did": "acknowledged"}]
    await do(record, 3, "Q2", Did.ACKNOWLEDGED)
    assert len(await seen(record, "a")) == 1
    assert await traces(record) == [
        "'acknowledged' is about an incident there that is none in hand here"
    ]


async def test_6_with_the_incident_that_its_alert_joined_last(record: Record) -> None:
    await told_of(record, 1, followed(1, "Q1"), "a", "errors")
    await told_of(record, 2, followed(2, "Q1"), "b", "slow")
    await do(record, 3, "Q1", Did.WROTE)
    assert await seen(record, "a") == []
    assert await seen(record, "b") == [DONE | {"did": "wrote"}]


async def test_6_an_escalated_incident_is_in_hand_until_it_is_over(record: Record) -> None:
    joined = await told_of(record, 1, followed(1, "Q1"), "a")
    assert joined.incident is not None
    closed = joined.incident.moved(Stage.ESCALATED, at(2))
    assert await record.journal.commit(incident=closed, expected=(Stage.TRIGGERED, 1), now=at(2))
    await do(record, 3, "Q1", Did.ACKNOWLEDGED)
    await told_of(record, 4, followed(4, "Q1", AlertStatus.RESOLVED), "-")
    await do(record, 5, "Q1", Did.WROTE)
    assert await seen(record, "a") == [DONE | {"did": "acknowledged"}]
    assert len(await traces(record)) == 1


async def test_6_the_end_is_heard_whatever_it_is_called_by_then(record: Record) -> None:
    await told_of(record, 1, followed(1, "Q1"), "a")
    over = followed(2, "Q1", AlertStatus.RESOLVED).model_copy(update={"by": "Ann"})
    joined = await told_of(record, 2, over, "-", "another symptom")
    assert joined.incident is not None
    assert joined.incident.id == "a"
    last = (await record.journal.events("a"))[-1]
    assert (last.kind, (last.payload or {}).get("by")) == ("alert_resolved", "Ann")
    assert await record.journal.said_to_be_over("a")


async def test_6_a_merge_is_told_on_both_and_ends_neither(record: Record) -> None:
    await told_of(record, 1, followed(1, "Q1"), "a", "errors")
    await told_of(record, 2, followed(2, "Q2"), "b", "slow")
    await do(record, 3, "Q1", Did.MERGED, into="Q2")
    assert await seen(record, "a") == [DONE | {"did": "merged", "into": "Q2", "incident": "b"}]
    assert await seen(record, "b") == [DONE | {"did": "merged", "into": "Q2", "incident": "a"}]
    assert not await record.journal.said_to_be_over("a")
    assert not await record.journal.said_to_be_over("b")


async def test_6_what_it_was_merged_into_is_followed_if_nobody_else_does(record: Record) -> None:
    await told_of(record, 1, followed(1, "Q1"), "a")
    await do(record, 2, "Q1", Did.MERGED, into="Q9")
    await do(record, 3, "Q9", Did.ACKNOWLEDGED)
    assert await seen(record, "a") == [
        DONE | {"did": "merged", "into": "Q9"},
        DONE | {"did": "acknowledged", "fingerprint": "Q9"},
    ]
    over = followed(4, "Q9", AlertStatus.RESOLVED)
    joined = await told_of(record, 4, over, "-", "whatever")
    assert joined.incident is not None
    assert joined.incident.id == "a"
    assert await record.journal.said_to_be_over("a")


async def test_6_two_outside_incidents_of_one_here_are_merged_quietly(record: Record) -> None:
    await told_of(record, 1, followed(1, "Q1"), "a")
    await told_of(record, 2, followed(2, "Q2"), "-")
    await do(record, 3, "Q1", Did.MERGED, into="Q2")
    assert await seen(record, "a") == [DONE | {"did": "merged", "into": "Q2"}]


async def test_6_a_timeline_tells_of_so_many_and_no_more(record: Record) -> None:
    await told_of(record, 1, followed(1, "Q1"), "a")
    for number in range(MOST_TOLD + 5):
        await do(record, 2 + number, "Q1", Did.WROTE)
    assert len(await seen(record, "a")) == MOST_TOLD
    assert (await record.journal.events("a"))[-1].kind == "doings_counted"


async def storm(record: Record, first: int) -> int:
    """Another source flaps, beyond what is told; the next free number."""
    for number in range(first, first + MOST_TOLD + 5):
        status = AlertStatus.RESOLVED if number % 2 else AlertStatus.FIRING
        await hear(record, number, status, "a")
    return first + MOST_TOLD + 5


async def test_6_no_storm_of_alerts_keeps_off_what_people_do(record: Record) -> None:
    await told_of(record, 1, followed(1, "Q1"), "a")
    number = await storm(record, 2)
    told = await record.journal.events("a")
    assert told[-1].kind == "alerts_counted"
    await do(record, number, "Q1", Did.ACKNOWLEDGED, person=True)
    assert in_hand(await record.journal.events("a")) == (
        "people have it in hand: Ann acknowledged it at PagerDuty",
    )
    over = followed(number + 1, "Q1", AlertStatus.RESOLVED).model_copy(update={"by": "Ann"})
    await told_of(record, number + 1, over, "-")
    assert in_hand(await record.journal.events("a")) == (
        "people have it in hand: Ann resolved it at PagerDuty",
    )
    assert len(await record.journal.events("a")) == len(told) + 2


async def test_6_nor_the_first_that_joins_of_what_is_followed(record: Record) -> None:
    await hear(record, 1, AlertStatus.FIRING, "a")
    number = await storm(record, 2)
    told = len(await record.journal.events("a"))
    for again in range(3):
        await told_of(record, number + again, followed(number + again, "Q7"), "-")
    assert list(reported(await record.journal.events("a"))) == [
        Reported("alertmanager", "f1", 1),
        Reported("pagerduty", "Q7", told + 1),
    ]
    assert len(await record.journal.events("a")) == told + 1
    for other in range(MOST_TOLD + 5):
        outside = followed(number + 3, f"R{other}")
        await told_of(record, number + 3, outside, "-")
    assert len(await record.journal.events("a")) == told + MOST_TOLD


async def test_6_notes_without_end_keep_off_no_acknowledgement(record: Record) -> None:
    """And where that has no end either, nobody can say that it is in nobody's hand."""
    await told_of(record, 1, followed(1, "Q1"), "a")
    for number in range(MOST_TOLD + 5):
        await do(record, 2 + number, "Q1", Did.WROTE)
    await do(record, 200, "Q1", Did.ACKNOWLEDGED)
    assert len(await seen(record, "a")) == MOST_TOLD, "a program's is no more than a note"
    await do(record, 201, "Q1", Did.ACKNOWLEDGED, person=True)
    assert in_hand(await record.journal.events("a")) == (
        "people have it in hand: Ann acknowledged it at PagerDuty",
    )
    for number in range(MOST_TOLD + 5):
        await do(record, 202 + number, "Q1", Did.UNACKNOWLEDGED)
    assert len(await seen(record, "a")) == 2 * MOST_TOLD
    assert in_hand(await record.journal.events("a")) == (
        "people may have it in hand: more was done at sources than is told here",
    )
    assert (await record.journal.events("a"))[-1].kind == "doings_counted"
