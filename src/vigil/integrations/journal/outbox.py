"""Segments that are to run: written with what leads to them, handed over by a sweeper."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, insert, select, update

from vigil.integrations.journal.tables import incidents, outbox
from vigil.ports.journal import NextSegment
from vigil.ports.workflow import Segment

_ORDER = tuple(Segment)


def put(connection: Connection, following: NextSegment, now: datetime) -> None:
    """Write a segment; one that is already there stays as it is."""
    there = select(outbox.c.segment).where(_is(following))
    if connection.execute(there).one_or_none() is None:
        connection.execute(
            insert(outbox).values(**following.model_dump(), written_at=now, handed=False)
        )


def has_later(connection: Connection, following: NextSegment) -> bool:
    """Whether a segment that comes after this one in its attempt has been written."""
    written = select(outbox.c.segment).where(
        outbox.c.incident == following.incident, outbox.c.attempt == following.attempt
    )
    place = _ORDER.index(following.segment)
    return any(_ORDER.index(Segment(s)) > place for s in connection.execute(written).scalars())


def put_again(connection: Connection, following: NextSegment) -> None:
    """A segment that was begun before is due in another turn."""
    connection.execute(
        update(outbox).where(_is(following)).values(handed=False, turn=outbox.c.turn + 1)
    )


def due(connection: Connection, limit: int) -> tuple[NextSegment, ...]:
    """What was not handed over yet, oldest first."""
    rows = connection.execute(
        select(outbox.c.segment, outbox.c.incident, outbox.c.attempt, outbox.c.turn)
        .where(~outbox.c.handed)
        .order_by(outbox.c.written_at, outbox.c.incident, outbox.c.attempt, outbox.c.segment)
        .limit(limit)
    ).mappings()
    return tuple(NextSegment.model_validate(dict(row)) for row in rows)


def mark(connection: Connection, following: NextSegment) -> None:
    """It was handed over; a turn that came to be due meanwhile was not."""
    this_turn = _is(following) & (outbox.c.turn == following.turn)
    connection.execute(update(outbox).where(this_turn).values(handed=True))


def due_again(connection: Connection) -> None:
    """The last segment of what is under way was not handed over, whatever was said before."""
    under_way = (
        select(outbox.c.segment, outbox.c.incident, outbox.c.attempt)
        .join(incidents, incidents.c.id == outbox.c.incident)
        .where(incidents.c.closed_at.is_(None), incidents.c.waiting_on.is_(None))
    )
    rows = connection.execute(under_way).mappings()
    written = [NextSegment.model_validate(dict(row)) for row in rows]
    # By their place in the story, not by their time: a clock may have been set back in between.
    written.sort(key=lambda following: (following.attempt, _ORDER.index(following.segment)))
    for following in {each.incident: each for each in written}.values():
        connection.execute(update(outbox).where(_is(following)).values(handed=False))


def _is(following: NextSegment) -> ColumnElement[bool]:
    return and_(
        outbox.c.segment == following.segment,
        outbox.c.incident == following.incident,
        outbox.c.attempt == following.attempt,
    )
