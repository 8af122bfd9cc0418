"""Signed checkpoints: every head, stored as what moved since the checkpoint before.

A signature is over the heads of all incidents that ever were, so to make one takes longer the more
there are. That is done on a state that was read, while others write; what is written then is only
what moved.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import Connection, Engine, bindparam, func, insert, select, update

from vigil.domain.timeline import GENESIS, Checkpoint, Head
from vigil.integrations._clients.database import exclusively, read, write
from vigil.integrations.journal.keys import Keys
from vigil.integrations.journal.signing import sign
from vigil.integrations.journal.tables import checkpoint_heads, checkpoints, incidents

_MOVED = select(incidents.c.id).where(incidents.c.head_seq != incidents.c.signed_seq)
"""Answered from an index of just these."""
_HEADS = select(incidents.c.id, incidents.c.head_seq, incidents.c.head_hash)
_SIGNED = (
    update(incidents)
    .where(incidents.c.id == bindparam("incident"))
    .values(signed_seq=bindparam("seq"))
)


@dataclass(frozen=True)
class Drawn:
    """A checkpoint that is signed and not written yet."""

    checkpoint: Checkpoint
    digest: str
    moved: frozenset[str]
    """Incidents whose heads were not signed before."""


def make_checkpoint(engine: Engine, keys: Keys, now: datetime) -> Checkpoint | None:
    """Sign all heads; None when none has moved since the last."""
    while (drawn := read(engine, partial(draw_up, keys=keys, now=now))) is not None:
        if write(engine, partial(store, drawn=drawn)):
            return drawn.checkpoint
    return None


def draw_up(connection: Connection, keys: Keys, now: datetime) -> Drawn | None:
    """What is to be written, if anything; nobody who writes has to wait meanwhile."""
    moved = frozenset(connection.execute(_MOVED).scalars())
    if not moved:
        return None
    heads = [
        Head(incident=row.id, seq=row.head_seq, hash=row.head_hash)
        for row in connection.execute(_HEADS)
    ]
    last = connection.execute(
        select(checkpoints.c.number, checkpoints.c.digest)
        .order_by(checkpoints.c.number.desc())
        .limit(1)
    ).one_or_none()
    unsigned = Checkpoint(
        number=last.number + 1 if last else 1,
        at=now.astimezone(UTC),
        # In the order of the ids on every database, whatever its collation.
        heads=tuple(sorted(heads, key=lambda head: head.incident)),
        previous=last.digest if last else GENESIS,
        signature="",
    )
    digest = unsigned.digest
    signed = unsigned.model_copy(update={"signature": sign(keys.audit, digest)})
    return Drawn(signed, digest, moved)


def store(connection: Connection, drawn: Drawn) -> bool:
    """Put it behind the one that it was drawn up after.

    False where somebody else was faster: theirs stands, and this one is to be drawn up anew.
    """
    checkpoint = drawn.checkpoint
    exclusively(connection, "checkpoint")
    newest = connection.execute(select(func.max(checkpoints.c.number))).scalar_one()
    if (newest or 0) != checkpoint.number - 1:
        return False
    connection.execute(
        insert(checkpoints).values(**checkpoint.model_dump(exclude={"heads"}), digest=drawn.digest)
    )
    heads = [head.model_dump() for head in checkpoint.heads if head.incident in drawn.moved]
    connection.execute(
        insert(checkpoint_heads), [{"number": checkpoint.number, **head} for head in heads]
    )
    # A head that has moved on meanwhile simply stays above what is signed, for the next checkpoint.
    connection.execute(_SIGNED, heads)
    return True
