"""An incident is taken up by one run at a time, and moves."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from vigil.domain.incident import HANDED_OVER, Incident, Stage, WaitingOn
from vigil.integrations._clients.database import Adding
from vigil.integrations.journal.outbox import has_later, last, put_again
from vigil.integrations.journal.rows import (
    change_incident,
    get_approval,
    get_incident,
    movable_columns,
    said_to_be_over,
)
from vigil.integrations.journal.tables import executions, incidents, outputs
from vigil.ports.journal import NextSegment, StageOutput
from vigil.ports.workflow import Segment

_OUTPUT = select(outputs.c.json_text).where(
    outputs.c.incident == bindparam("of"),
    outputs.c.attempt == bindparam("in_attempt"),
    outputs.c.stage == bindparam("in_stage"),
    outputs.c.name == bindparam("called"),
)
_OUTPUTS = select(outputs).where(
    outputs.c.incident == bindparam("of"), outputs.c.attempt == bindparam("in_attempt")
)
_ADD_OUTPUTS, _ADD_EXECUTION = Adding(outputs), Adding(executions)


def may_move(
    connection: Connection, current: Incident, incident: Incident, expected: tuple[Stage, int]
) -> bool:
    """Whether it stands where the caller believes it to be, and is the caller's to move."""
    if (current.stage, current.attempt) != expected or current.claim != incident.claim:
        return False
    if current.cancelled_by != incident.cancelled_by:
        return False
    return not _asks_again(connection, incident)


def moved_columns(
    connection: Connection, incident: Incident, *, handed_over: bool
) -> dict[str, Any]:
    """What a move writes into its row; a run that hands over, waits or closes lets go of it."""
    values = movable_columns(incident)
    if handed_over or incident.waiting_on is not None or incident.closed_at is not None:
        values["claimed_by"] = None
    if incident.stage is Stage.ESCALATED and incident.closed_at is not None:
        # Nobody has to take in hand what is known to be over: what fires after it is new trouble.
        over = said_to_be_over(connection, incident.id)
        values["handed_over_until"] = None if over else incident.closed_at + HANDED_OVER
    return values


def take_up(connection: Connection, following: NextSegment, worker: str) -> Incident | None:
    """A run of a segment begins, if there is still something for it to do."""
    incident = get_incident(connection, following.incident, to_change=True)
    if incident.closed_at is not None or incident.attempt != following.attempt:
        return None
    if has_later(connection, following):
        return None
    if incident.claimed_by not in {None, worker}:
        return None  # If that worker dies, its being forfeited makes the segment due once more.
    claimed = {"claim": incident.claim + 1, "claimed_by": worker}
    change_incident(connection, incident.id, **claimed)
    return incident.model_copy(update=claimed)


def let_go(connection: Connection, incident: Incident) -> None:
    """A run ends before the end of its segment; another one that took over keeps its claim."""
    current = get_incident(connection, incident.id, to_change=True)
    if current.claim == incident.claim:
        change_incident(connection, incident.id, claimed_by=None)


def wake(connection: Connection, incident_id: str) -> bool:
    """What it waited for is free: acting is begun once more, by whoever comes first."""
    incident = get_incident(connection, incident_id, to_change=True)
    if incident.waiting_on is not WaitingOn.LOCKS:
        return False
    # A replay of the turn that waited may have claimed it meanwhile.
    change_incident(connection, incident_id, waiting_on=None, claimed_by=None)
    acting = NextSegment(segment=Segment.ACT, incident=incident_id, attempt=incident.attempt)
    put_again(connection, acting)
    return True


def forfeit(connection: Connection, workers: Sequence[str]) -> None:
    """These workers run nothing any more: what they had is begun once more, by whoever comes."""
    query = select(incidents.c.id).where(incidents.c.claimed_by.in_(workers))
    for incident_id in connection.execute(query.order_by(incidents.c.id)).scalars().all():
        # Others look after the dead too, and it may have been taken up anew meanwhile.
        if get_incident(connection, incident_id, to_change=True).claimed_by in workers:
            change_incident(connection, incident_id, claimed_by=None)
            for following in last(connection, incidents.c.id == incident_id):
                put_again(connection, following)


def claimants(connection: Connection) -> frozenset[str]:
    """Who has something taken up."""
    query = select(incidents.c.claimed_by).where(incidents.c.claimed_by.is_not(None)).distinct()
    return frozenset(connection.execute(query).scalars())


def _asks_again(connection: Connection, incident: Incident) -> bool:
    """A replay must not let an incident wait again for an answer that has been given."""
    if incident.waiting_on is not WaitingOn.APPROVAL or incident.plan_digest is None:
        return False
    return get_approval(connection, incident.id, incident.plan_digest) is not None


def record_execution(connection: Connection, incident: Incident, now: datetime) -> None:
    """An attempt that comes to be executed counts once."""
    _ADD_EXECUTION(connection, [{"incident": incident.id, "attempt": incident.attempt, "at": now}])


def get_output(
    connection: Connection, incident_id: str, attempt: int, stage: Stage, name: str
) -> str | None:
    """JSON of what a stage gave."""
    place = {"of": incident_id, "in_attempt": attempt, "in_stage": stage, "called": name}
    return connection.execute(_OUTPUT, place).scalar_one_or_none()


def get_outputs(connection: Connection, incident_id: str, attempt: int) -> tuple[StageOutput, ...]:
    """Everything that the stages of an attempt gave."""
    rows = connection.execute(_OUTPUTS, {"of": incident_id, "in_attempt": attempt}).mappings()
    return tuple(StageOutput.model_validate(dict(row)) for row in rows)


def put_outputs(connection: Connection, given: Iterable[StageOutput]) -> None:
    """Write each output that is not there yet; the caller holds the incident's row."""
    _ADD_OUTPUTS(connection, [output.model_dump() for output in given])
