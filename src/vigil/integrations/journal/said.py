"""What sources say of an incident: on its timeline, and whether their last word is that it ended.

A source that flaps makes a new delivery of each turn. Its timeline stays readable, and no incident
grows without end: after ``MOST_TOLD`` alerts those that follow are counted and told no more.
"""

from datetime import datetime

from sqlalchemy import Connection, func, select

from vigil.domain.alert import Alert, AlertStatus
from vigil.domain.incident import Incident
from vigil.integrations.journal.chain import append_events
from vigil.integrations.journal.keys import Keys
from vigil.integrations.journal.rows import change_incident, said_to_be_over
from vigil.integrations.journal.tables import events
from vigil.ports.inbox import MOST_TOLD
from vigil.ports.journal import Note

OPENED, JOINED, ENDED = "opened", "alert_joined", "alert_resolved"


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
    told = 0 if opened else _told(connection, incident.id)
    if told < MOST_TOLD:
        notes = [_note(incident, alert, opened=opened)]
        if told + 1 == MOST_TOLD:
            notes.append(_no_more())
        append_events(connection, keys, incident.id, notes, now)
    if alert.status is AlertStatus.RESOLVED:
        # What fires after this is new trouble.
        change_incident(connection, incident.id, said_over=True, handed_over_until=None)
    elif said_to_be_over(connection, incident.id):
        change_incident(connection, incident.id, said_over=False)


def _told(connection: Connection, incident_id: str) -> int:
    of_alerts = events.c.kind.in_((OPENED, JOINED, ENDED))
    query = select(func.count()).where(events.c.incident == incident_id, of_alerts)
    return connection.execute(query).scalar_one()


def _note(incident: Incident, alert: Alert, *, opened: bool) -> Note:
    begun = OPENED if opened else JOINED
    return Note(
        kind=begun if alert.status is AlertStatus.FIRING else ENDED,
        payload={
            "source": alert.source,
            "name": alert.name,
            "service": incident.service,
            "symptom": incident.symptom,
            "severity": alert.severity.value,
            "summary": alert.summary,
        },
    )


def _no_more() -> Note:
    text = f"{MOST_TOLD} alerts are told; those that follow are counted only"
    return Note(kind="alerts_counted", payload={"text": text})
