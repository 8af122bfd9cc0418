"""What sources say of an incident: on its timeline, and whether their last word is that it ended.

What people do about it there is told as well; what that means is for whoever reads it.

A source that flaps makes a new delivery of each turn. Its timeline stays readable, and no incident
grows without end: after ``MOST_TOLD`` alerts those that follow are counted and told no more, and
likewise what is done there. No noise keeps off what decides something, which is told ``MOST_TOLD``
times more: who has it in hand, who ended it, and the first that joins of each trouble whose source
wants to be told of it.
"""

from collections.abc import Callable
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import Connection, func, select

from vigil.domain.alert import Alert, AlertStatus, Did, Doing
from vigil.domain.incident import Incident
from vigil.integrations.journal.chain import append_events, event_rows, to_event
from vigil.integrations.journal.keys import Keys
from vigil.integrations.journal.rows import change_incident, said_to_be_over
from vigil.integrations.journal.tables import events
from vigil.ports.inbox import MOST_TOLD
from vigil.ports.journal import Note

OPENED, JOINED, ENDED = "opened", "alert_joined", "alert_resolved"
DONE_THERE = "done_at_source"
ALERTS_COUNTED, DOINGS_COUNTED = "alerts_counted", "doings_counted"
"""From here on no more of them are told but what decides something."""
_ALERTS = (OPENED, JOINED, ENDED)


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

    def matters() -> bool:
        if alert.status is AlertStatus.RESOLVED:
            return bool(alert.by)
        return alert.followed and not _is_told(connection, keys, incident.id, alert)

    _write(connection, keys, incident, _note(incident, alert, opened=opened), now, matters)
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
    note = Note(kind=DONE_THERE, payload=payload)
    _write(connection, keys, incident, note, now, lambda: _decides(doing))


def _decides(doing: Doing) -> bool:
    """Whether it says who has it in hand, or as which other incident it goes on."""
    if doing.did in (Did.UNACKNOWLEDGED, Did.MERGED):
        return True
    return doing.person and doing.did in (Did.ACKNOWLEDGED, Did.REASSIGNED)


def _write(
    connection: Connection,
    keys: Keys,
    incident: Incident,
    note: Note,
    now: datetime,
    matters: Callable[[], bool],
) -> None:
    done = note.kind == DONE_THERE
    notes, ends_at = [note], _seq_of(connection, incident.id, _marker(done=done))
    if ends_at is None:
        told = _told(connection, incident.id, (DONE_THERE,) if done else _ALERTS)
        if told + 1 >= MOST_TOLD:
            notes.append(_no_more(done=done))
    else:
        told = _told(connection, incident.id, (note.kind,), after=ends_at)
        if told >= MOST_TOLD or not matters():
            return
        if done and told + 1 == MOST_TOLD:
            notes.append(_unseen(note))
    append_events(connection, keys, incident.id, notes, now)


def _seq_of(connection: Connection, incident_id: str, kind: str) -> int | None:
    """Of the first of a kind."""
    query = select(func.min(events.c.seq)).where(
        events.c.incident == incident_id, events.c.kind == kind
    )
    found: int | None = connection.execute(query).scalar_one()
    return found


def _told(
    connection: Connection, incident_id: str, kinds: tuple[str, ...], *, after: int = 0
) -> int:
    query = select(func.count()).where(
        events.c.incident == incident_id, events.c.kind.in_(kinds), events.c.seq > after
    )
    return connection.execute(query).scalar_one()


def _is_told(connection: Connection, keys: Keys, incident_id: str, alert: Alert) -> bool:
    """Whether the timeline names it already; what was told is bounded, and so is this."""
    query = event_rows().where(
        events.c.incident == incident_id, events.c.kind.in_((OPENED, JOINED))
    )
    for row in connection.execute(query).mappings():
        told = to_event(row, keys).payload or {}
        if (told.get("source"), told.get("fingerprint")) == (alert.source, alert.fingerprint):
            return True
    return False


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


def _marker(*, done: bool) -> str:
    return DOINGS_COUNTED if done else ALERTS_COUNTED


def _no_more(*, done: bool) -> Note:
    text = f"{MOST_TOLD} alerts are told; those that follow are counted only"
    if done:
        text = f"{MOST_TOLD} things done at sources are told; from now on only who has it in hand"
    return Note(kind=_marker(done=done), payload={"text": text})


def _unseen(note: Note) -> Note:
    """From here on nobody can tell whether people have it in hand, which is said as well."""
    text = "so much was done at sources that nothing more of it is told"
    payload: dict[str, JsonValue] = {"text": text, "source": note.payload["source"]}
    return Note(kind=DOINGS_COUNTED, payload=payload | {"unseen": True})
