"""How much there is, counted."""

from sqlalchemy import Connection, Engine, func, select

from vigil.domain.incident import WaitingOn
from vigil.integrations._clients.database import read
from vigil.integrations.journal.tables import incidents, outbox
from vigil.ports.journal import Load


def load(connection: Connection) -> Load:
    """Counts of all that is open, read in one pass."""
    taken = incidents.c.claimed_by.is_not(None).label("taken")
    query = (
        select(
            incidents.c.waiting_on,
            taken,
            func.count().label("many"),
            func.min(incidents.c.opened_at).label("oldest_at"),
        )
        .where(incidents.c.closed_at.is_(None))
        .group_by(incidents.c.waiting_on, taken)
    )
    groups = connection.execute(query).all()
    due = select(func.count()).select_from(outbox).where(~outbox.c.handed)
    wait = [group for group in groups if group.waiting_on is not None]
    return Load(
        open=sum(group.many for group in groups),
        under_way=sum(group.many for group in groups if group.taken),
        for_approval=sum(g.many for g in wait if g.waiting_on == WaitingOn.APPROVAL),
        for_locks=sum(g.many for g in wait if g.waiting_on == WaitingOn.LOCKS),
        due=connection.execute(due).scalar_one(),
        oldest_waiting_at=min((group.oldest_at for group in wait), default=None),
    )


def holds_incidents(engine: Engine) -> bool:
    """Whether anybody has worked on this record before."""
    first = select(incidents.c.id).limit(1)
    return read(engine, lambda c: c.execute(first).one_or_none()) is not None
