"""What sources say of an incident: on its timeline, and whether their last word is that it ended.

What people do about it there is told as well; what that means is for whoever reads it.

A source that flaps makes a new delivery of each turn. Its timeline stays readable, and no incident
grows without end: after ``MOST_TOLD`` alerts those that follow are counted and told no more.
"""

from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import Connection, func, select

from vigil.domain.alert import Alert, AlertStatus, Doing
from vigil.domain.incident import Incident
from vigil.integrations.journal.chain import append_events
from vigil.integrations.journal.keys import Keys
from vigil.integrations.journal.rows import change_incident, said_to_be_over
from vigil.integrations.journal.tables import events
from vigil.ports.inbox import MOST_TOLD
from vigil.ports.journal import Note

OPENED, JOINED, ENDED = "opened", "alert_joined", "alert_resolved"
DONE_THERE = "done_at_source"


def say(
    connection: Connection,
    keys: Keys,
    incident: Incident,
    alert: Alert,
    now: datetime,
    *,
    opened: bool,
) -> None:
    """One alert more; the caller holds the incident's row."""
    _write(connection, keys, incident, _note(incident, alert, opened=opened), now)
    if alert.status is AlertStatus.RESOLVED:
        # What fires after this is new trouble.
        change_incident(connection, incident.id, said_over=True, handed_over_until=None)
    elif said_to_be_over(connection, incident.id):
        change_incident(connection, incident.id, said_over=False)


def tell(
    connection: Connection,
    keys: Keys,
    incident: Incident,
    doing: Doing,
    now: datetime,
    *,
    other: Incident | None = None,
) -> None:
    """One thing that was done there; ``other`` was merged with this one."""
    payload: dict[str, JsonValue] = {
        "source": doing.source,
        "fingerprint": doing.fingerprint,
        "did": doing.did.value,
        "by": doing.by,
        "person": doing.person,
        "text": doing.text,
    }
    if doing.into:
        payload["into"] = doing.into
    if other is not None:
        payload["incident"] = other.id
    _write(connection, keys, incident, Note(kind=DONE_THERE, payload=payload), now)


def _write(
    connection: Connection, keys: Keys, incident: Incident, note: Note, now: datetime
) -> None:
    told = 0 if note.kind == OPENED else _told(connection, incident.id)
    if told < MOST_TOLD:
        notes = [note, _no_more()] if told + 1 == MOST_TOLD else [note]
        append_events(connection, keys, incident.id, notes, now)


def _told(connection: Connection, incident_id: str) -> int:
    of_alerts = events.c.kind.in_((OPENED, JOINED, ENDED, DONE_THERE))
    query = select(func.count()).where(events.c.incident == incident_id, of_alerts)
    return connection.execute(query).scalar_one()


def _note(incident: Incident, alert: Alert, *, opened: bool) -> Note:
    begun = OPENED if opened else JOINED
    payload: dict[str, JsonValue] = {
        "source": alert.source,
        "fingerprint": alert.fingerprint,
        "name": alert.name,
        "service": incident.service,
        "symptom": incident.symptom,
        "severity": alert.severity.value,
        "summary": alert.summary,
    }
    if alert.by:
        payload["by"] = alert.by
    return Note(kind=begun if alert.status is AlertStatus.FIRING else ENDED, payload=payload)


def _no_more() -> Note:
    text = f"{MOST_TOLD} alerts are told; those that follow are counted only"
    return Note(kind="alerts_counted", payload={"text": text})
