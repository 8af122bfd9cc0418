"""Rows to values and back."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from vigil.domain.errors import NotFound
from vigil.domain.incident import Incident, WaitingOn
from vigil.domain.news import News
from vigil.domain.proof import Outcome
from vigil.domain.timeline import Head
from vigil.domain.verdict import Approval
from vigil.integrations.journal.news import COLUMNS, gather, to_news
from vigil.integrations.journal.tables import approvals, incidents

_INCIDENT = tuple(incidents.c[name] for name in Incident.model_fields)
# Written once: a statement takes SQLAlchemy longer to put together than SQLite to carry out.
_ONE = select(*_INCIDENT).where(incidents.c.id == bindparam("which"))
_ONE_TO_CHANGE = _ONE.with_for_update()
_HELD = _ONE_TO_CHANGE.add_columns(incidents.c.head_seq, incidents.c.head_hash)
_APPROVAL = select(*(approvals.c[name] for name in Approval.model_fields)).where(
    approvals.c.incident == bindparam("which"), approvals.c.plan_digest == bindparam("asked")
)
_CHANGE = (
    update(incidents)
    .where(incidents.c.id == bindparam("which"))
    .values(version=incidents.c.version + 1)
    .returning(*COLUMNS)
)
_FIXED = frozenset({"id", "service", "symptom", "opened_at", "claim", "claimed_by", "cancelled_by"})
"""What no move of an incident changes."""


def incident_columns(incident: Incident) -> dict[str, Any]:
    """All columns that an incident fills."""
    return {name: getattr(incident, name) for name in Incident.model_fields}


def movable_columns(incident: Incident) -> dict[str, Any]:
    """The columns that may change once it is open."""
    return {k: v for k, v in incident_columns(incident).items() if k not in _FIXED}


def get_incident(connection: Connection, incident_id: str, *, to_change: bool = False) -> Incident:
    """One incident; ``to_change`` keeps others from changing it until this transaction ends."""
    query = _ONE_TO_CHANGE if to_change else _ONE
    row = connection.execute(query, {"which": incident_id}).mappings().one_or_none()
    if row is None:
        raise no_incident(incident_id)
    return Incident.model_validate(dict(row))


def hold_incident(connection: Connection, incident_id: str) -> tuple[Incident, Head]:
    """One incident and the newest link of its chain, ours until this transaction ends."""
    row = connection.execute(_HELD, {"which": incident_id}).mappings().one_or_none()
    if row is None:
        raise no_incident(incident_id)
    incident = {name: row[name] for name in Incident.model_fields}
    head = Head(incident=incident_id, seq=row["head_seq"], hash=row["head_hash"])
    return Incident.model_validate(incident), head


def no_incident(incident_id: str) -> NotFound:
    """Nobody has heard of it."""
    return NotFound(f"there is no incident {incident_id}; `vigil incidents` lists all")


def get_incidents(connection: Connection, ids: Collection[str]) -> dict[str, Incident]:
    """Those of these incidents that are there, by their ids."""
    if not ids:
        return {}
    rows = connection.execute(select(*_INCIDENT).where(incidents.c.id.in_(ids))).mappings()
    return {row["id"]: Incident.model_validate(dict(row)) for row in rows}


def change_incident(connection: Connection, incident_id: str, **values: object) -> None:
    """Write columns of an incident's row, which is another version of it from then on."""
    for row in connection.execute(_CHANGE, {"which": incident_id, **values}).mappings():
        gather(connection, to_news(row))


def get_news(connection: Connection, incident_id: str) -> News:
    """How far one incident has come."""
    query = select(*COLUMNS).where(incidents.c.id == incident_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise no_incident(incident_id)
    return to_news(row)


def list_incidents(connection: Connection, limit: int, *, only_open: bool) -> tuple[Incident, ...]:
    """Newest first."""
    query = select(*_INCIDENT).order_by(incidents.c.opened_at.desc(), incidents.c.id.desc())
    if only_open:
        query = query.where(incidents.c.closed_at.is_(None))
    rows = connection.execute(query.limit(limit)).mappings()
    return tuple(Incident.model_validate(dict(row)) for row in rows)


def list_overdue(connection: Connection, now: datetime, limit: int) -> tuple[Incident, ...]:
    """Whose plan still waits after its time, the longest overdue first."""
    query = (
        select(*_INCIDENT)
        .where(incidents.c.waiting_on == WaitingOn.APPROVAL, incidents.c.expires_at <= now)
        .order_by(incidents.c.expires_at, incidents.c.id)
    )
    rows = connection.execute(query.limit(limit)).mappings()
    return tuple(Incident.model_validate(dict(row)) for row in rows)


def list_verified(
    connection: Connection, since: datetime, limit: int, of: tuple[str, str] | None
) -> tuple[Incident, ...]:
    """Closed as proven, the last closed first."""
    query = (
        select(*_INCIDENT)
        .where(incidents.c.closed_at >= since, incidents.c.outcome == Outcome.VERIFIED)
        .order_by(incidents.c.closed_at.desc(), incidents.c.id.desc())
        .limit(limit)
    )
    if of is not None:
        service, symptom = of
        query = query.where(incidents.c.service == service, incidents.c.symptom == symptom)
    rows = connection.execute(query).mappings()
    return tuple(Incident.model_validate(dict(row)) for row in rows)


def list_heads(connection: Connection, limit: int) -> tuple[Head, ...]:
    """The newest link of each open incident and of the newest ones."""
    link = (incidents.c.id, incidents.c.head_seq, incidents.c.head_hash)
    newest = select(*link).order_by(incidents.c.opened_at.desc(), incidents.c.id.desc())
    still_open = newest.where(incidents.c.closed_at.is_(None))
    found = {
        row.id: Head(incident=row.id, seq=row.head_seq, hash=row.head_hash)
        for query in (still_open, newest)
        for row in connection.execute(query.limit(limit))
    }
    return tuple(found.values())


def incident_to_join(
    connection: Connection, service: str, symptom: str, now: datetime
) -> Incident | None:
    """The one that is open for this symptom of this service, or that a person has in hand."""
    in_hand = incidents.c.closed_at.is_(None) | (incidents.c.handed_over_until > now)
    query = (
        select(*_INCIDENT)
        .where(incidents.c.service == service, incidents.c.symptom == symptom, in_hand)
        .order_by(incidents.c.opened_at.desc(), incidents.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query.with_for_update()).mappings().one_or_none()
    return None if row is None else Incident.model_validate(dict(row))


def get_approval(connection: Connection, incident_id: str, plan_digest: str) -> Approval | None:
    """The answer that won."""
    which = {"which": incident_id, "asked": plan_digest}
    row = connection.execute(_APPROVAL, which).mappings().one_or_none()
    return None if row is None else Approval.model_validate(dict(row))


def said_to_be_over(connection: Connection, incident_id: str) -> bool:
    """Whether the last that any source said of it is that it ended."""
    query = select(incidents.c.said_over).where(incidents.c.id == incident_id)
    return bool(connection.execute(query).scalar_one_or_none())
