"""A real record in a directory of the test's own, and things to put into it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from sqlalchemy import Engine

from vigil.domain.alert import Alert, AlertStatus, Severity
from vigil.domain.incident import Incident, Stage, WaitingOn
from vigil.integrations._clients.database import migrate, open_engine
from vigil.integrations.journal import Keys, SqlJournal, load_keys

START = datetime(2026, 3, 1, 12, 0, 0, 250, tzinfo=UTC)
PLAN = "sha256:" + "a" * 64
OTHER_PLAN = "sha256:" + "b" * 64


@dataclass(frozen=True)
class Record:
    """A journal, and what it stands on."""

    engine: Engine
    keys: Keys
    journal: SqlJournal


def open_record(directory: Path) -> Record:
    """The record in a directory, made if it is not there."""
    engine = open_engine(f"sqlite:///{directory / 'vigil.sqlite'}")
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


async def opened(record: Record, service: str = "web", symptom: str = "errors") -> Incident:
    """A new incident."""
    number = next(_ids)
    joined = await record.journal.receive(
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


async def waiting(record: Record) -> Incident:
    """An incident whose plan waits for a person."""
    incident = await opened(record)
    asking = incident.model_copy(
        update={
            "stage": Stage.SYNTHESIZING,
            "waiting_on": WaitingOn.APPROVAL,
            "plan_digest": PLAN,
        }
    )
    assert await record.journal.commit(
        incident=asking, expected=(incident.stage, incident.attempt), now=at(1)
    )
    return asking
