"""An alert comes in: repeated, joined, or an incident of its own."""

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from vigil.domain.alert import Alert, AlertStatus
from vigil.domain.identity import content_digest
from vigil.domain.incident import Incident, Stage
from vigil.domain.timeline import GENESIS
from vigil.integrations._clients.database import storable
from vigil.integrations.journal.keys import Keys
from vigil.integrations.journal.outbox import put
from vigil.integrations.journal.rows import incident_columns, incident_to_join
from vigil.integrations.journal.said import say
from vigil.integrations.journal.tables import deliveries, incidents
from vigil.integrations.journal.troubles import incident_of, remember
from vigil.ports.inbox import SETTLE, Joined, MappedAlert
from vigil.ports.journal import NextSegment
from vigil.ports.workflow import Segment

MAX_TRACE = 4096
"""Characters kept of why a delivery opened or joined nothing."""

MAX_TRACES = 1000
"""The newest of them that are kept."""


def hear(
    connection: Connection, keys: Keys, mapped: MappedAlert, now: datetime, *, came_back: bool
) -> Joined:
    """Open or join; ``came_back``: its delivery key is known, and this is new trouble."""
    alert = mapped.alert
    current = _in_hand(connection, mapped, now)
    if current is None and alert.status is AlertStatus.FIRING:
        joined = Joined(incident=_open(connection, mapped, now), opened=True, repeated=False)
    else:
        joined = Joined(incident=current, opened=False, repeated=False)
    if joined.incident is not None:
        say(connection, keys, joined.incident, alert, now, opened=joined.opened)
        if alert.followed:
            remember(connection, alert.trouble_key, alert.source, joined.incident.id, now)
    if came_back:
        _record_anew(connection, alert.delivery_key, joined.incident)
    else:
        _record(connection, alert.delivery_key, alert.source, joined.incident, now)
    return joined


def _in_hand(connection: Connection, mapped: MappedAlert, now: datetime) -> Incident | None:
    """The incident that this alert is about, if anybody has it in hand."""
    alert = mapped.alert
    if alert.followed and alert.status is AlertStatus.RESOLVED:
        # A person may have given it another title or service there since.
        followed = incident_of(connection, alert.trouble_key, now)
        if followed is not None:
            return followed
    return incident_to_join(connection, mapped.service, mapped.symptom, now)


def is_back(alert: Alert, before: Incident | None, now: datetime) -> bool:
    """A source that goes on firing long after the cure means trouble that is there now."""
    if alert.status is not AlertStatus.FIRING or not alert.repeated:
        return False
    if before is None or before.closed_at is None:
        return False
    return before.stage is Stage.RESOLVED and now > before.closed_at + SETTLE


def count_again(connection: Connection, key: str, times: int, now: datetime) -> bool:
    """A delivery key came so often again, the last time now; False where it is not known."""
    again = (
        update(deliveries)
        .where(deliveries.c.delivery_key == key)
        .values(count=deliveries.c.count + times, last_at=now)
    )
    return connection.execute(again).rowcount > 0


def _open(connection: Connection, mapped: MappedAlert, now: datetime) -> Incident:
    incident = Incident(
        id=mapped.new_id,
        service=mapped.service,
        symptom=mapped.symptom,
        severity=mapped.alert.severity,
        title=storable(mapped.title),
        opened_at=now,
    )
    chain = {"head_seq": 0, "head_hash": GENESIS, "signed_seq": 0}
    connection.execute(insert(incidents).values({**incident_columns(incident), **chain}))
    first = NextSegment(segment=Segment.ORIENT, incident=incident.id, attempt=incident.attempt)
    put(connection, first, incident.opened_at)
    return incident


def _record(
    connection: Connection, key: str, source: str, incident: Incident | None, now: datetime
) -> None:
    connection.execute(
        insert(deliveries).values(
            delivery_key=key,
            source=source,
            incident=incident.id if incident else None,
            count=1,
            first_at=now,
            last_at=now,
        )
    )


def _record_anew(connection: Connection, key: str, incident: Incident | None) -> None:
    """From here on the key belongs to another incident."""
    connection.execute(
        update(deliveries)
        .where(deliveries.c.delivery_key == key)
        .values(incident=incident.id if incident else None)
    )


def record_trace(connection: Connection, source: str, text: str, now: datetime) -> None:
    """Count what was seen before, keep what is new, and drop the oldest beyond the limit."""
    text = storable(text[:MAX_TRACE])
    key = content_digest(["trace", source, text])
    if count_again(connection, key, 1, now):
        return
    _record(connection, key, source, None, now)
    connection.execute(update(deliveries).where(deliveries.c.delivery_key == key).values(text=text))
    traces = select(deliveries.c.delivery_key).where(deliveries.c.text.is_not(None))
    newest = traces.order_by(deliveries.c.last_at.desc()).limit(MAX_TRACES)
    connection.execute(
        delete(deliveries).where(
            deliveries.c.text.is_not(None), deliveries.c.delivery_key.not_in(newest)
        )
    )
