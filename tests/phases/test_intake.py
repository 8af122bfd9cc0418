"""Taking letters in, on a real record: a crash in between loses nothing and repeats nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.support.hand_clock import START, HandClock
from tests.support.record import Record, open_record
from tests.support.story import Fuse, FusedInbox, PowerCut
from tests.support.world import catalogue

from vigil.domain.alert import Alert, AlertStatus, Delivery
from vigil.observe.intake import intake, service_of, shown, symptom_of
from vigil.ports.inbox import TakenIn

IDS = ("webhook:w1", "event:e1")


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    made = open_record(tmp_path)
    yield made
    made.engine.dispose()


def alert(name: str = "CheckoutErrors", service: str = "web", fingerprint: str = "f") -> Alert:
    return Alert(
        source="pagerduty",
        name=name,
        service=service,
        status=AlertStatus.FIRING,
        fingerprint=fingerprint,
        starts_at=START,
        repeated=False,
    )


async def take_in(record: Record, *new: Delivery, fuse: Fuse | None = None) -> tuple[TakenIn, ...]:
    """Write these down, and take in whatever lies in the inbox."""
    clock = HandClock()
    await record.inbox.write_down(new, clock.now())
    inbox = FusedInbox(record.engine, record.keys, fuse or Fuse())
    letters = [
        letter for line in await inbox.lines() for letter in await inbox.letters(line.source, 100)
    ]
    return await intake(letters, catalogue=catalogue(), inbox=inbox, clock=clock)


async def test_wherever_the_power_goes_it_was_taken_in_once(record: Record) -> None:
    two = (alert(), alert("CatalogueErrors", fingerprint="g"))
    delivery = Delivery(source="pagerduty", alerts=two, ids=IDS)
    with pytest.raises(PowerCut):
        await take_in(record, delivery, fuse=Fuse(0))
    assert await record.journal.incidents() == ()
    with pytest.raises(PowerCut):
        await take_in(record, fuse=Fuse(1))
    assert await take_in(record) == (), "all was written before the second cut"
    incidents = await record.journal.incidents()
    assert {incident.symptom for incident in incidents} == {"checkout-errors", "catalogue-errors"}
    assert len(incidents) == 2
    for incident in incidents:
        assert len(await record.journal.events(incident.id)) == 1
    [again] = await take_in(record, delivery)
    assert again.replayed, "its sender had no answer and sent it once more"


async def test_what_was_not_taken_in_is_not_remembered(record: Record) -> None:
    delivery = Delivery(source="pagerduty", alerts=(alert(),), ids=IDS)
    with pytest.raises(PowerCut):
        await take_in(record, delivery, fuse=Fuse(0))
    assert [taken.replayed for taken in await take_in(record)] == [False]
    assert [taken.replayed for taken in await take_in(record, delivery)] == [True]


async def test_a_replay_leaves_no_new_trace_and_remembers_nothing_new(record: Record) -> None:
    first = Delivery(source="pagerduty", alerts=(), without_effect="'x' changes nothing", ids=IDS)
    other = first.model_copy(update={"ids": (IDS[0], "event:e2"), "without_effect": "'y'"})
    third = first.model_copy(update={"ids": ("event:e2",)})
    taken = await take_in(record, first, other, third)
    assert [one.replayed for one in taken] == [False, True, False]
    with record.engine.connect() as connection:
        rows = connection.execute(text("SELECT text, count FROM deliveries")).all()
    assert [tuple(row) for row in rows] == [("'x' changes nothing", 2)]


async def test_a_source_without_ids_is_never_a_replay(record: Record) -> None:
    delivery = Delivery(source="alertmanager", alerts=(alert(),))
    first, second = await take_in(record, delivery, delivery)
    assert (first.replayed, second.replayed) == (False, False)
    assert (first.joined[0].repeated, second.joined[0].repeated) == (False, True)


async def test_the_end_of_an_alert_comes_after_its_beginning(record: Record) -> None:
    ended = alert().model_copy(update={"status": AlertStatus.RESOLVED})
    told = [Delivery(source="pagerduty", alerts=(one,)) for one in (alert(), ended)]
    await take_in(record, *told)
    [incident] = await record.journal.incidents()
    events = await record.journal.events(incident.id)
    assert [event.kind for event in events] == ["opened", "alert_resolved"]
    assert await record.journal.said_to_be_over(incident.id)


async def test_the_service_is_called_as_the_catalogue_calls_it(record: Record) -> None:
    services = dict(catalogue().services)
    services["web"] = services["web"].model_copy(update={"also_known_as": ("Shop (production)",)})
    known = catalogue().model_copy(update={"services": services})
    told = alert("[FIRING:1] CheckoutErrors shop (critical)", "Shop (production)")
    await record.inbox.write_down([Delivery(source="pagerduty", alerts=(told,))], START)
    letters = await record.inbox.letters("pagerduty", 1)
    [taken] = await intake(letters, catalogue=known, inbox=record.inbox, clock=HandClock())
    [joined] = taken.joined
    assert joined.incident is not None
    assert (joined.incident.service, joined.incident.symptom) == ("web", "checkout-errors")


def test_the_name_that_is_kept_holds_no_secret_and_the_whole_one_finds_the_symptom() -> None:
    told = alert("CheckoutErrors at http://u:s3cret@h/ " + "x " * 2000)
    assert symptom_of(told, catalogue()) == "checkout-errors"
    kept = shown(told)
    assert "s3cret" not in kept.name
    assert len(kept.name) == 200
    assert kept.delivery_key == told.delivery_key


def test_services_that_nobody_knows_stay_apart_and_their_names_are_bounded() -> None:
    names = ["web", "Billing (EU)", "a" * 4000 + "b", "a" * 4000 + "c", "token=x", "token=y"]
    services = [service_of(alert(service=name), catalogue()) for name in names]
    assert services[:2] == names[:2]
    assert len(set(services)) == len(names)
    assert max(map(len, services)) <= 64


def test_alerts_that_nobody_mapped_stay_apart_also_where_their_names_are_cut() -> None:
    long = "a sentence that goes on and on and says only at its end what it is about: "
    names = ["DiskFull", "password=a", "password=b", long + "disk", long + "memory"]
    symptoms = [symptom_of(alert(name), catalogue()) for name in names]
    assert symptoms[0] == "alert:DiskFull"
    assert len(set(symptoms)) == len(names)
    assert max(map(len, symptoms)) <= 64
    assert symptoms[1].startswith("alert:password=***#")
