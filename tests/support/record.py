"""A real record in a directory of the test's own, and things to put into it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from sqlalchemy import Engine
from tests.support.databases import place_migrated

from vigil.domain.alert import Alert, AlertStatus, Delivery, Severity
from vigil.domain.incident import Incident, Stage, WaitingOn
from vigil.integrations._clients.database import migrate, open_engine
from vigil.integrations.journal import Keys, SqlJournal, load_keys
from vigil.ports.journal import Arrival, Joined, Journal, MappedAlert

START = datetime(2026, 3, 1, 12, 0, 0, 250, tzinfo=UTC)
PLAN = "sha256:" + "a" * 64
OTHER_PLAN = "sha256:" + "b" * 64


@dataclass(frozen=True)
class Record:
    """A journal, and what it stands on."""

    engine: Engine
    keys: Keys
    journal: SqlJournal


def open_record(directory: Path, url: str | None = None) -> Record:
    """The record in a directory, or in another database with its keys there; made if missing."""
    if url is None:
        place_migrated(directory / "vigil.sqlite")
    engine = open_engine(url or f"sqlite:///{directory / 'vigil.sqlite'}")
    migrate(engine)
    keys = load_keys(directory / "keys")
    return Record(engine, keys, SqlJournal(engine, keys))


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


_ids = count(1)


async def receive(
    journal: Journal,
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
    [number] = await journal.write_down([delivery], now)
    assert isinstance(number, int)
    mapped = MappedAlert(alert=alert, service=service, symptom=symptom, title=title, new_id=new_id)
    arrival = Arrival(number=number, source=alert.source, at=now, alerts=(mapped,))
    [taken] = await journal.receive([arrival])
    [joined] = taken.joined
    return joined


async def opened(record: Record, service: str = "web", symptom: str = "errors") -> Incident:
    """A new incident."""
    number = next(_ids)
    joined = await receive(
        record.journal,
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
