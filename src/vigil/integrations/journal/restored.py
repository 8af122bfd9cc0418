"""What the record says of itself once it was restored from a backup."""

from datetime import datetime

from sqlalchemy import Connection, Engine, select

from vigil.integrations._clients.database import read, write
from vigil.integrations.journal.chain import append_events
from vigil.integrations.journal.checkpoints import make_checkpoint
from vigil.integrations.journal.keys import Keys
from vigil.integrations.journal.rows import get_incident
from vigil.integrations.journal.tables import incidents
from vigil.ports.journal import Note


def note_restored(engine: Engine, keys: Keys, taken_at: datetime, now: datetime) -> int:
    """Tell each open incident that what was done since the backup is not in its timeline, and sign.

    Gives the number of incidents that were told.
    """
    still_open = select(incidents.c.id).where(incidents.c.closed_at.is_(None))
    found = read(engine, lambda c: c.execute(still_open).scalars().all())
    when = taken_at.isoformat(timespec="seconds")
    text = f"The record was restored from a backup of {when}; what was done since is not in it"
    note = Note(kind="restored", payload={"taken_at": taken_at.isoformat(), "text": text})

    def work(connection: Connection) -> int:
        for incident_id in found:
            get_incident(connection, incident_id, to_change=True)
            append_events(connection, keys, incident_id, [note], now)
        return len(found)

    told = write(engine, work)
    make_checkpoint(engine, keys, now)
    return told
