"""Segments that are to run: written with what leads to them, handed over by a sweeper."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, bindparam, select, update

from vigil.integrations._clients.database import Adding
from vigil.integrations.journal.tables import incidents, outbox
from vigil.ports.journal import NextSegment
from vigil.ports.workflow import Segment

_ORDER = tuple(Segment)
_ADD = Adding(outbox)
_WRITTEN = select(outbox.c.segment).where(
    outbox.c.incident == bindparam("of"), outbox.c.attempt == bindparam("in_attempt")
)
_DUE = (
    select(outbox.c.segment, outbox.c.incident, outbox.c.attempt, outbox.c.turn)
    .where(~outbox.c.handed)
    .order_by(outbox.c.written_at, outbox.c.incident, outbox.c.attempt, outbox.c.segment)
    .limit(bindparam("most"))
)
_HAND = (
    update(outbox)
    .where(
        outbox.c.segment == bindparam("the_segment"),
        outbox.c.incident == bindparam("of"),
        outbox.c.attempt == bindparam("in_attempt"),
        outbox.c.turn == bindparam("in_turn"),
    )
    .values(handed=True)
)


def put(connection: Connection, following: NextSegment, now: datetime) -> None:
    """Write a segment; one that is already there stays as it is."""
    _ADD(connection, [{**following.model_dump(), "written_at": now, "handed": False}])


def has_later(connection: Connection, following: NextSegment) -> bool:
    """Whether a segment that comes after this one in its attempt has been written."""
    attempt = {"of": following.incident, "in_attempt": following.attempt}
    written = connection.execute(_WRITTEN, attempt).scalars()
    place = _ORDER.index(following.segment)
    return any(_ORDER.index(Segment(segment)) > place for segment in written)


def put_again(connection: Connection, following: NextSegment) -> None:
    """A segment that was begun before is due in another turn."""
    _raise_turn(connection, _is(following))


def last(connection: Connection, those: ColumnElement[bool]) -> tuple[NextSegment, ...]:
    """Of each of those incidents that is under way the segment that was written last."""
    query = (
        select(outbox.c.segment, outbox.c.incident, outbox.c.attempt)
        .join(incidents, incidents.c.id == outbox.c.incident)
        .where(incidents.c.closed_at.is_(None), incidents.c.waiting_on.is_(None), those)
    )
    rows = connection.execute(query).mappings()
    written = [NextSegment.model_validate(dict(row)) for row in rows]
    # By their place in the story, not by their time: a clock may have been set back in between.
    written.sort(key=lambda following: (following.attempt, _ORDER.index(following.segment)))
    return tuple({each.incident: each for each in written}.values())


def due(connection: Connection, limit: int) -> tuple[NextSegment, ...]:
    """What was not handed over yet, oldest first."""
    rows = connection.execute(_DUE, {"most": limit}).mappings()
    return tuple(NextSegment.model_validate(dict(row)) for row in rows)


def mark(connection: Connection, handed: Iterable[NextSegment]) -> None:
    """They were handed over; a turn that came to be due meanwhile was not."""
    # In one order, so that none of two that mark the same waits for the other.
    for each in sorted(handed, key=lambda each: (each.incident, each.attempt, each.segment)):
        place = {"the_segment": each.segment, "of": each.incident, "in_attempt": each.attempt}
        connection.execute(_HAND, {**place, "in_turn": each.turn})


def due_again(connection: Connection) -> None:
    """What no worker has although it is under way is begun once more.

    In another turn, as the workflow begins none twice.
    """
    for following in last(connection, incidents.c.claimed_by.is_(None)):
        _raise_turn(connection, _is(following) & outbox.c.handed)


def _raise_turn(connection: Connection, those: ColumnElement[bool]) -> None:
    turn = outbox.c.turn + 1
    connection.execute(update(outbox).where(those).values(handed=False, turn=turn))


def _is(following: NextSegment) -> ColumnElement[bool]:
    return and_(
        outbox.c.segment == following.segment,
        outbox.c.incident == following.incident,
        outbox.c.attempt == following.attempt,
    )
