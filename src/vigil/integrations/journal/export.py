"""The record as an outsider gets it."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, Engine, select

from vigil.domain.audit import End, Header, Line, write_line
from vigil.domain.timeline import Checkpoint, Head
from vigil.integrations._clients.database import reading
from vigil.integrations.journal.chain import event_rows, to_event
from vigil.integrations.journal.checkpoints import make_checkpoint
from vigil.integrations.journal.keys import Keys
from vigil.integrations.journal.tables import checkpoint_heads, checkpoints, events, incidents


def export_lines(engine: Engine, keys: Keys, now: datetime) -> Iterator[str]:
    """Sign what is there now, then give it line by line in bounded memory.

    What happens while it is read is left for the next export, so that a signature covers
    everything in this one.
    """
    make_checkpoint(engine, keys, now)
    end = End(checkpoints=0, events=0)
    with reading(engine) as connection:
        yield write_line(Line(header=Header(schema="vigil.audit/1", public_key=keys.public_key)))
        for checkpoint in _checkpoints(connection):
            end = End(checkpoints=end.checkpoints + 1, events=0)
            yield write_line(Line(checkpoint=checkpoint))
        signed = event_rows().join(incidents, incidents.c.id == events.c.incident)
        for row in connection.execute(
            signed.where(events.c.seq <= incidents.c.signed_seq)
        ).mappings():
            end = End(checkpoints=end.checkpoints, events=end.events + 1)
            yield write_line(Line(event=to_event(row, keys)))
        yield write_line(Line(end=end))


def _checkpoints(connection: Connection) -> Iterator[Checkpoint]:
    """Each with the heads that moved; all together fit in memory one checkpoint at a time."""
    for row in connection.execute(select(checkpoints).order_by(checkpoints.c.number)).mappings():
        moved = connection.execute(
            select(*(checkpoint_heads.c[name] for name in Head.model_fields))
            .where(checkpoint_heads.c.number == row["number"])
            .order_by(checkpoint_heads.c.incident)
        ).mappings()
        yield Checkpoint(
            number=row["number"],
            at=row["at"],
            heads=tuple(Head.model_validate(dict(head)) for head in moved),
            previous=row["previous"],
            signature=row["signature"],
        )
