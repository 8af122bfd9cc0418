"""Taking a delivery in, on a real record: a crash in between loses nothing and repeats nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.hand_clock import START, HandClock
from tests.support.record import Record, open_record
from tests.support.story import Fuse, FusedJournal, PowerCut
from tests.support.world import catalogue

from vigil.domain.alert import Alert, AlertStatus, Delivery
from vigil.observe.intake import TakenIn, intake, shown, symptom_of

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


async def take_in(record: Record, delivery: Delivery, fuse: Fuse | None = None) -> TakenIn:
    journal = FusedJournal(record.engine, record.keys, fuse or Fuse())
    return await intake(delivery, catalogue=catalogue(), journal=journal, clock=HandClock())


async def test_wherever_the_power_goes_the_next_attempt_ends_the_same(record: Record) -> None:
    two = (alert(), alert("CatalogueErrors", fingerprint="g"))
    delivery = Delivery(source="pagerduty", alerts=two, ids=IDS)
    for left in range(6):
        with pytest.raises(PowerCut):
            await take_in(record, delivery, Fuse(left))
    last = await take_in(record, delivery)
    assert last.replayed, "the sixth was cut after all was written"
    incidents = await record.journal.incidents()
    assert {incident.symptom for incident in incidents} == {"checkout-errors", "catalogue-errors"}
    assert len(incidents) == 2
    for incident in incidents:
        assert len(await record.journal.events(incident.id)) == 1


async def test_what_was_not_written_down_is_not_remembered(record: Record) -> None:
    delivery = Delivery(source="pagerduty", alerts=(alert(),), ids=IDS)
    with pytest.raises(PowerCut):
        await take_in(record, delivery, Fuse(0))
    assert not await record.journal.seen_before("pagerduty", IDS)
    assert not (await take_in(record, delivery)).replayed
    assert await record.journal.seen_before("pagerduty", IDS)


async def test_a_replay_leaves_no_new_trace_and_remembers_nothing_new(record: Record) -> None:
    first = Delivery(source="pagerduty", alerts=(), without_effect="'x' changes nothing", ids=IDS)
    assert await take_in(record, first) == TakenIn(joined=())
    other = first.model_copy(update={"ids": (IDS[0], "event:e2"), "without_effect": "'y'"})
    assert await take_in(record, other) == TakenIn(joined=(), replayed=True)
    assert not await record.journal.seen_before("pagerduty", ("event:e2",))
    with record.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT text, count FROM deliveries").all()
    assert [tuple(row) for row in rows] == [("'x' changes nothing", 1)]


async def test_a_source_without_ids_is_never_a_replay(record: Record) -> None:
    delivery = Delivery(source="alertmanager", alerts=(alert(),))
    assert not (await take_in(record, delivery)).replayed
    second = await take_in(record, delivery)
    assert (second.replayed, second.joined[0].repeated) == (False, True)


async def test_the_service_is_called_as_the_catalogue_calls_it(record: Record) -> None:
    services = dict(catalogue().services)
    services["web"] = services["web"].model_copy(update={"also_known_as": ("Shop (production)",)})
    known = catalogue().model_copy(update={"services": services})
    told = alert("[FIRING:1] CheckoutErrors shop (critical)", "Shop (production)")
    delivery = Delivery(source="pagerduty", alerts=(told,))
    taken = await intake(delivery, catalogue=known, journal=record.journal, clock=HandClock())
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


def test_alerts_that_nobody_mapped_stay_apart_also_where_their_names_are_cut() -> None:
    long = "a sentence that goes on and on and says only at its end what it is about: "
    names = ["DiskFull", "password=a", "password=b", long + "disk", long + "memory"]
    symptoms = [symptom_of(alert(name), catalogue()) for name in names]
    assert symptoms[0] == "alert:DiskFull"
    assert len(set(symptoms)) == len(names)
    assert max(map(len, symptoms)) <= 64
    assert symptoms[1].startswith("alert:password=***#")
