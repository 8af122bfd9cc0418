"""A real record in a directory of the test's own, and things to put into it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from sqlalchemy import Engine
from tests.support.databases import place_migrated

from vigil.domain.alert import Alert, AlertStatus, Delivery, Severity
from vigil.domain.incident import Incident, Stage, WaitingOn
from vigil.integrations._clients.database import migrate, open_engine, write
from vigil.integrations.journal import Keys, SqlInbox, SqlJournal, load_keys
from vigil.integrations.journal.chain import erase
from vigil.ports.inbox import Arrival, Inbox, Joined, MappedAlert

START = datetime(2026, 3, 1, 12, 0, 0, 250, tzinfo=UTC)
PLAN = "sha256:" + "a" * 64
OTHER_PLAN = "sha256:" + "b" * 64


@dataclass(frozen=True)
class Record:
    """A journal and an inbox, and what they stand on."""

    engine: Engine
    keys: Keys
    journal: SqlJournal
    inbox: SqlInbox


def open_record(directory: Path, url: str | None = None) -> Record:
    """The record in a directory, or in another database with its keys there; made if missing."""
    if url is None:
        place_migrated(directory / "vigil.sqlite")
    engine = open_engine(url or f"sqlite:///{directory / 'vigil.sqlite'}")
    migrate(engine)
    keys = load_keys(directory / "keys")
    return Record(engine, keys, SqlJournal(engine, keys), SqlInbox(engine, keys))


def at(seconds: float) -> datetime:
    """So many seconds after the start."""
    return START + timedelta(seconds=seconds)


def alert(number: int = 1, status: AlertStatus = AlertStatus.FIRING) -> Alert:
    """One of many different deliveries of the same complaint."""
    return Alert(
        source="alertmanager",
        name="CheckoutErrors",
        service="web",
        status=status,
        fingerprint="f1",
        severity=Severity.CRITICAL,
        summary="half of the checkouts fail",
        starts_at=at(number),
    )


async def hear(
    record: Record, number: int, status: AlertStatus, new_id: str, now: float | None = None
) -> Joined:
    """One of many deliveries of the same complaint comes in."""
    return await receive(
        record.inbox,
        alert=alert(number, status),
        service="web",
        symptom="errors",
        title="web: errors",
        now=at(number if now is None else now),
        new_id=new_id,
    )


async def resolved(record: Record) -> None:
    """An incident that was cured at second 2."""
    joined = await hear(record, 1, AlertStatus.FIRING, "a")
    assert joined.incident is not None
    closed = joined.incident.model_copy(update={"stage": Stage.RESOLVED, "closed_at": at(2)})
    assert await record.journal.commit(incident=closed, expected=(Stage.TRIGGERED, 1), now=at(2))


async def kinds(record: Record, incident: Incident) -> list[str]:
    """What its timeline is about."""
    return [event.kind for event in await record.journal.events(incident.id)]


def erase_payloads(record: Record, incident_id: str, now: datetime) -> int:
    """As retention does once its time is over."""
    return write(record.engine, lambda c: erase(c, record.keys, incident_id, now, after_days=30))


_ids = count(1)


async def receive(
    inbox: Inbox,
    *,
    alert: Alert,
    service: str,
    symptom: str,
    title: str,
    now: datetime,
    new_id: str,
) -> Joined:
    """One alert comes in, by the way of all alerts."""
    delivery = Delivery(source=alert.source, alerts=(alert,))
    [number] = await inbox.write_down([delivery], now)
    assert isinstance(number, int)
    mapped = MappedAlert(alert=alert, service=service, symptom=symptom, title=title, new_id=new_id)
    arrival = Arrival(number=number, source=alert.source, at=now, alerts=(mapped,))
    [taken] = await inbox.receive([arrival])
    [joined] = taken.joined
    return joined


async def opened(record: Record, service: str = "web", symptom: str = "errors") -> Incident:
    """A new incident."""
    number = next(_ids)
    joined = await receive(
        record.inbox,
        alert=alert(number).model_copy(update={"fingerprint": f"{service}/{symptom}/{number}"}),
        service=service,
        symptom=symptom,
        title=f"{service}: {symptom}",
        now=at(0),
        new_id=f"inc-{number:06}",
    )
    assert joined.incident is not None
    assert joined.opened
    return joined.incident


async def waiting(record: Record, until: float | None = None, symptom: str = "errors") -> Incident:
    """An incident whose plan waits for a person, until so many seconds after the start."""
    incident = await opened(record, symptom=symptom)
    asking = incident.model_copy(
        update={
            "stage": Stage.SYNTHESIZING,
            "waiting_on": WaitingOn.APPROVAL,
            "plan_digest": PLAN,
            "expires_at": None if until is None else at(until),
        }
    )
    assert await record.journal.commit(
        incident=asking, expected=(incident.stage, incident.attempt), now=at(1)
    )
    return asking
