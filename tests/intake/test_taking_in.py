"""Working off the inbox: in order, in turns, once each, and past what cannot be taken in."""

import asyncio
from pathlib import Path

import pytest
from tests.intake.desk import Desk, complaint, delivery, open_desk
from tests.support.hand_clock import HandClock

from vigil.domain.alert import AlertStatus, Delivery
from vigil.integrations.bus.embedded import EmbeddedBus
from vigil.taking_in import BURST, LARGEST, RATE, STILL_NEWS, inbox_health

ODD_TITLE = (
    "CREATE TRIGGER odd BEFORE INSERT ON incidents WHEN NEW.title LIKE 'Odd%' "
    "BEGIN SELECT RAISE(ABORT, 'no'); END"
)


async def test_a_storm_of_repetitions_is_one_incident_a_fault_and_few_commits(
    any_desk: Desk,
) -> None:
    """In small what `benchmarks/engine.py` does over HTTP."""
    desk = any_desk
    faults = [complaint(f"Fault{number}", str(number)) for number in range(8)]
    storm = [delivery(faults[number % 8]) for number in range(2000)]
    before = len(desk.commits)
    await desk.put(*storm)
    await desk.take_in()
    incidents = await desk.record.journal.incidents()
    assert {incident.symptom for incident in incidents} == {f"alert:Fault{n}" for n in range(8)}
    assert len(incidents) == 8
    assert await desk.counts() == {fault.delivery_key: 250 for fault in faults}
    assert await desk.waiting() == {}
    assert len(desk.commits) - before < 100
    for incident in incidents:
        events = await desk.record.journal.events(incident.id)
        assert [event.kind for event in events] == ["opened"]


async def test_a_flood_does_not_keep_others_waiting(desk: Desk) -> None:
    flood = [complaint(f"Fault{n % 8}", str(n % 8), source="loud") for n in range(1000)]
    await desk.put(*(delivery(one) for one in flood))
    await desk.put(delivery(complaint(source="quiet")))
    await desk.taking_in.round()
    left = await desk.waiting()
    assert "quiet" not in left
    assert left["loud"] >= 1000 - LARGEST


async def test_one_source_is_taken_in_at_its_rate_and_nothing_of_it_is_lost(
    tmp_path: Path,
) -> None:
    clock = HandClock()
    desk = open_desk(tmp_path, room=EmbeddedBus(clock.elapsed, alone=True).room)
    many = [delivery(complaint()) for _ in range(BURST + 500)]
    await desk.put(*many)
    await desk.take_in()
    assert await desk.waiting() == {"alertmanager": 500}
    await desk.put(delivery(complaint("CatalogueErrors", source="watch")))
    await desk.take_in()
    assert await desk.waiting() == {"alertmanager": 500}, "the rate is its own"
    clock.advance(1)
    await desk.take_in()
    assert await desk.waiting() == {"alertmanager": 500 - int(RATE)}
    clock.advance(10)
    await desk.take_in()
    assert (await desk.counts())[complaint().delivery_key] == len(many)
    desk.record.engine.dispose()


async def test_a_delivery_of_many_alerts_is_a_batch_of_its_own(desk: Desk) -> None:
    alerts = tuple(complaint(f"Fault{n % 8}", str(n)) for n in range(300))
    large = Delivery(source="alertmanager", alerts=alerts)
    await desk.put(large, large, delivery(complaint()))
    for left in ({"alertmanager": 2}, {"alertmanager": 1}, {}):
        await desk.taking_in.round()
        assert await desk.waiting() == left
    assert sum((await desk.counts()).values()) == 601


async def test_one_that_cannot_be_taken_in_is_set_aside_and_the_others_go_on(desk: Desk) -> None:
    desk.execute(ODD_TITLE)
    names = ["CheckoutErrors", "Odd secret=hunter2", "CatalogueErrors"]
    await desk.put(*(delivery(complaint(name, name)) for name in names))
    await desk.take_in()
    symptoms = {incident.symptom for incident in await desk.record.journal.incidents()}
    assert symptoms == {"checkout-errors", "catalogue-errors"}
    [line] = lines = await desk.record.inbox.lines()
    assert (line.waiting, line.set_aside) == (0, 1)
    with desk.record.engine.connect() as connection:
        why = str(connection.exec_driver_sql("SELECT failed FROM inbox").scalar_one())
    assert why.startswith("IntegrityError in ")
    assert "hunter2" not in why
    health = inbox_health(lines, desk.clock.now())
    assert (health.ok, health.missed) == (False, False), "told, and no reason to send nothing"
    assert "1 could not be taken in" in health.text
    assert inbox_health(lines, desk.clock.now() + STILL_NEWS).ok, "kept, but nobody's trouble now"


async def test_what_was_set_aside_is_tried_again_by_the_next_process(
    desk: Desk, tmp_path: Path
) -> None:
    desk.execute(ODD_TITLE)
    await desk.put(delivery(complaint("Odd")))
    await desk.take_in()
    desk.execute("DROP TRIGGER odd")
    again = open_desk(tmp_path)
    async with again.working() as taken:
        await asyncio.wait_for(taken.wait(), 10)
    assert await again.record.inbox.lines() == ()
    assert len(await again.record.journal.incidents()) == 1
    again.record.engine.dispose()


async def test_what_cannot_be_read_is_set_aside(desk: Desk) -> None:
    await desk.put(delivery(complaint()), delivery(complaint("CatalogueErrors", "g")))
    desk.execute("UPDATE inbox SET sealed = x'00' WHERE id = (SELECT min(id) FROM inbox)")
    await desk.take_in()
    [incident] = await desk.record.journal.incidents()
    assert incident.symptom == "catalogue-errors"
    [line] = await desk.record.inbox.lines()
    assert line.set_aside == 1


async def test_while_the_record_does_not_answer_the_inbox_stays_and_then_goes_on(
    desk: Desk,
) -> None:
    await desk.put(delivery(complaint()))
    desk.execute("ALTER TABLE deliveries RENAME TO elsewhere")
    async with desk.working() as taken:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(taken.wait(), 0.5)
        assert await desk.waiting() == {"alertmanager": 1}
        desk.execute("ALTER TABLE elsewhere RENAME TO deliveries")
        await asyncio.wait_for(taken.wait(), 10)
    assert await desk.waiting() == {}
    assert len(await desk.record.journal.incidents()) == 1


async def test_what_this_process_wrote_down_is_taken_in_at_once(desk: Desk) -> None:
    async with desk.working() as taken:
        await desk.put(delivery(complaint()))
        await asyncio.wait_for(taken.wait(), 10)
    assert len(await desk.record.journal.incidents()) == 1


async def test_an_end_that_follows_its_beginning_in_the_same_storm_ends_it(desk: Desk) -> None:
    ended = complaint(status=AlertStatus.RESOLVED)
    await desk.put(*[delivery(complaint())] * 50, *[delivery(ended)] * 50)
    await desk.take_in()
    [incident] = await desk.record.journal.incidents()
    assert await desk.record.journal.said_to_be_over(incident.id)


async def test_a_line_that_moves_too_slowly_is_a_fault(desk: Desk) -> None:
    await desk.put(delivery(complaint()))
    assert inbox_health(await desk.record.inbox.lines(), desk.clock.now()).ok
    desk.clock.advance(61)
    late = inbox_health(await desk.record.inbox.lines(), desk.clock.now())
    assert (late.missed, late.text) == (True, "1 deliveries wait, the first for 61 s")
    assert late.remedy is not None
