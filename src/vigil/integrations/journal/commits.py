"""One commit: an incident moves together with all that goes with it, or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from vigil.domain.incident import Incident, Stage
from vigil.domain.value import Instant
from vigil.integrations._clients.database import alone_in
from vigil.integrations.journal import chain, executed, moves, outbox, rows
from vigil.integrations.journal.keys import Keys
from vigil.integrations.journal.tables import executions
from vigil.ports.journal import NextSegment, Note, Proviso, StageOutput


@dataclass(frozen=True, kw_only=True)
class Move:
    """Where an incident is to go, from where, and what is written with it."""

    incident: Incident
    expected: tuple[Stage, int]
    now: Instant
    outputs: Sequence[StageOutput] = ()
    notes: Sequence[Note] = ()
    following: NextSegment | None = None
    proviso: Proviso | None = None


def make(connection: Connection, keys: Keys, move: Move) -> bool:
    """Whether it was made; otherwise nothing is written."""
    incident = move.incident
    current, head = rows.hold_incident(connection, incident.id)
    if not moves.may_move(connection, current, incident, move.expected):
        return False
    if incident.stage is Stage.EXECUTING and current.stage is not Stage.EXECUTING:
        # Asked before anything is written, and after the incident's row is held: whoever holds the
        # table waits for nothing any more.
        if move.proviso is not None and not _holds(connection, incident, move.proviso):
            return False
        moves.record_execution(connection, incident, move.now)
    moves.put_outputs(connection, move.outputs)
    head = chain.add_links(connection, keys, head, move.notes, move.now)
    lets_go = move.following is not None
    moved = moves.moved_columns(connection, incident, handed_over=lets_go)
    rows.change_incident(connection, incident.id, **moved, **chain.head_columns(head))
    if move.following is not None:
        outbox.put(connection, move.following, move.now)
    return True


def _holds(connection: Connection, incident: Incident, proviso: Proviso) -> bool:
    """Of what is on record now; until the transaction ends nobody adds to it."""
    alone_in(connection, executions)
    many = executed.executions_since(connection, proviso.since, incident.id)
    each = executed.executed_since(connection, proviso.since, incident.id) if proviso.each else ()
    return proviso.holds(many, each)
