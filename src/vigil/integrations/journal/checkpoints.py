"""Signed checkpoints: every head, stored as what moved since the checkpoint before."""

from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select, update

from vigil.domain.timeline import GENESIS, Checkpoint, Head
from vigil.integrations._clients.database import exclusively
from vigil.integrations.journal.keys import Keys
from vigil.integrations.journal.signing import sign
from vigil.integrations.journal.tables import checkpoint_heads, checkpoints, incidents


def make_checkpoint(connection: Connection, keys: Keys, now: datetime) -> Checkpoint | None:
    """Sign all heads; None when none has moved since the last."""
    # Two side by side would sign heads that go back from one checkpoint to the next.
    exclusively(connection, "checkpoint")
    # In the order of the ids on every database, whatever its collation.
    rows = connection.execute(
        select(incidents.c.id, incidents.c.head_seq, incidents.c.head_hash, incidents.c.signed_seq)
    ).all()
    moved = [row for row in rows if row.head_seq != row.signed_seq]
    if not moved:
        return None
    heads = [Head(incident=row.id, seq=row.head_seq, hash=row.head_hash) for row in rows]
    last = connection.execute(
        select(checkpoints.c.number, checkpoints.c.digest)
        .order_by(checkpoints.c.number.desc())
        .limit(1)
    ).one_or_none()
    unsigned = Checkpoint(
        number=last.number + 1 if last else 1,
        at=now.astimezone(UTC),
        heads=tuple(sorted(heads, key=lambda head: head.incident)),
        previous=last.digest if last else GENESIS,
        signature="",
    )
    signed = unsigned.model_copy(update={"signature": sign(keys.audit, unsigned.digest)})
    _store(connection, signed, {row.id for row in moved})
    return signed


def _store(connection: Connection, checkpoint: Checkpoint, moved: set[str]) -> None:
    connection.execute(
        insert(checkpoints).values(
            **checkpoint.model_dump(exclude={"heads"}), digest=checkpoint.digest
        )
    )
    connection.execute(
        insert(checkpoint_heads),
        [
            {"number": checkpoint.number, **head.model_dump()}
            for head in checkpoint.heads
            if head.incident in moved
        ],
    )
    # Within this transaction nobody else has moved a head that is being signed (SQLite has one
    # writer); on PostgreSQL a later head simply stays above signed_seq for the next checkpoint.
    for head in checkpoint.heads:
        if head.incident in moved:
            connection.execute(
                update(incidents).where(incidents.c.id == head.incident).values(signed_seq=head.seq)
            )
