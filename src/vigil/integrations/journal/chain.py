"""The chain in the database: adding links, reading them, erasing what they say."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import JsonValue
from sqlalchemy import Connection, RowMapping, Select, and_, bindparam, delete, insert, select

from vigil.domain.audit_chain import ERASED
from vigil.domain.identity import canonical_json
from vigil.domain.timeline import Event, Head, link_hash, payload_digest
from vigil.integrations.journal.keys import Keys
from vigil.integrations.journal.payload import bounded, parse
from vigil.integrations.journal.rows import change_incident
from vigil.integrations.journal.tables import events, incidents, outputs, payloads
from vigil.ports.journal import Note

_SALT_BYTES = 16
_HEAD = select(incidents.c.head_seq, incidents.c.head_hash).where(
    incidents.c.id == bindparam("which")
)
_ADD_LINKS = insert(events)
_ADD_PAYLOADS = insert(payloads)


def append_events(
    connection: Connection, keys: Keys, incident_id: str, notes: Sequence[Note], now: datetime
) -> None:
    """Add the next links. The caller holds the incident's row, so that no other gets in between."""
    row = connection.execute(_HEAD, {"which": incident_id}).one()
    head = Head(incident=incident_id, seq=row.head_seq, hash=row.head_hash)
    if notes:
        added = add_links(connection, keys, head, notes, now)
        change_incident(connection, incident_id, **head_columns(added))


def add_links(
    connection: Connection, keys: Keys, head: Head, notes: Sequence[Note], now: datetime
) -> Head:
    """Add the next links to a chain; its new head is for the caller to write into the row."""
    links: list[Event] = []
    for note in notes:
        # A link commits to the spelling of its time, so there is only one: UTC.
        links.append(_next_link(head, now.astimezone(UTC), note))
        head = Head(incident=head.incident, seq=links[-1].seq, hash=links[-1].hash)
    if links:
        _store(connection, keys, links)
    return head


def head_columns(head: Head) -> dict[str, Any]:
    """The columns of an incident's row that name its newest link."""
    return {"head_seq": head.seq, "head_hash": head.hash}


def _next_link(head: Head, at: datetime, note: Note) -> Event:
    salt, payload = secrets.token_hex(_SALT_BYTES), bounded(note.payload)
    digest, seq = payload_digest(salt, payload), head.seq + 1
    return Event(
        incident=head.incident,
        seq=seq,
        at=at,
        kind=note.kind,
        payload_digest=digest,
        previous=head.hash,
        hash=link_hash(
            incident=head.incident,
            seq=seq,
            at=at,
            kind=note.kind,
            payload_digest=digest,
            previous=head.hash,
        ),
        salt=salt,
        payload=payload,
    )


def _store(connection: Connection, keys: Keys, links: Sequence[Event]) -> None:
    """All together: two statements, however many there are."""
    connection.execute(_ADD_LINKS, [link.model_dump(exclude={"salt", "payload"}) for link in links])
    connection.execute(
        _ADD_PAYLOADS,
        [
            {
                "incident": link.incident,
                "seq": link.seq,
                "salt": bytes.fromhex(link.salt or ""),
                "sealed": keys.seal(canonical_json(link.payload), _place(link.incident, link.seq)),
            }
            for link in links
        ],
    )


def event_rows() -> Select[tuple[object, ...]]:
    """Links with salt and sealed payload where they are still there, in the order of the chain."""
    same = and_(payloads.c.incident == events.c.incident, payloads.c.seq == events.c.seq)
    return (
        select(events, payloads.c.salt, payloads.c.sealed)
        .select_from(events.outerjoin(payloads, same))
        .order_by(events.c.incident, events.c.seq)
    )


def to_event(row: RowMapping, keys: Keys) -> Event:
    """One link with its payload opened."""
    link = {name: row[name] for name in events.c.keys()}  # noqa: SIM118 - columns are not a dict
    if row["salt"] is None:
        return Event.model_validate(link)
    text = keys.open(row["sealed"], _place(row["incident"], row["seq"]))
    return Event.model_validate({**link, "salt": row["salt"].hex(), "payload": parse(text)})


def read_events(
    connection: Connection, keys: Keys, incident_id: str, after: int
) -> tuple[Event, ...]:
    """One incident's links after a sequence number."""
    query = event_rows().where(events.c.incident == incident_id, events.c.seq > after)
    return tuple(to_event(row, keys) for row in connection.execute(query).mappings())


def newest_event(connection: Connection, keys: Keys, incident_id: str, kind: str) -> Event | None:
    """One incident's newest link of a kind."""
    of_kind = event_rows().where(events.c.incident == incident_id, events.c.kind == kind)
    newest = of_kind.order_by(None).order_by(events.c.seq.desc()).limit(1)
    row = connection.execute(newest).mappings().one_or_none()
    return None if row is None else to_event(row, keys)


def erase(
    connection: Connection, keys: Keys, incident_id: str, now: datetime, *, after_days: int
) -> int:
    """Erase every payload and its salt, say so in the chain; the caller holds the incident's row.

    The stage outputs of a closed incident repeat what its events said, so they go too; those of an
    open one are needed to go on after a crash.
    """
    gone = connection.execute(delete(payloads).where(payloads.c.incident == incident_id)).rowcount
    closed_at = select(incidents.c.closed_at).where(incidents.c.id == incident_id)
    if connection.execute(closed_at).scalar_one() is not None:
        connection.execute(delete(outputs).where(outputs.c.incident == incident_id))
    if gone:
        text = f"erased, as the incident was closed {after_days} days ago"
        payload: dict[str, JsonValue] = {"count": gone, "after_days": after_days, "text": text}
        note = Note(kind=ERASED, payload=payload)
        append_events(connection, keys, incident_id, [note], now)
    return gone


def _place(incident_id: str, seq: int) -> str:
    return f"{incident_id}/{seq}"
