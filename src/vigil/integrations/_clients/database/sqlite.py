"""The record in a file of one process, read by others."""

import os
from pathlib import Path
from sqlite3 import Connection as SqliteConnection

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from vigil import flock
from vigil.domain.errors import LockHeld, SettingsError
from vigil.integrations._clients.database.reading import READING
from vigil.integrations._clients.database.writers import stand_in_line

BUSY_TIMEOUT_MS = 10_000
"""How long a writer waits for the one before it; each holds the database for milliseconds."""

_PRAGMAS = (
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
    "PRAGMA journal_mode=WAL",
    # In WAL mode NORMAL may lose the last commits when the power fails; FULL does not.
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    # What is erased is overwritten, not only unlinked.
    "PRAGMA secure_delete=ON",
)


def open_sqlite(path: Path) -> Engine:
    """An engine over a file that is made if it is missing; for its owner only."""
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000},
        # What a statement was given may be personal, and errors are logged.
        hide_parameters=True,
    )
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    stand_in_line(engine)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Two that switch a new file to WAL at once collide.
        with flock.awaited(path.parent, BUSY_TIMEOUT_MS / 1000):
            if not path.exists():
                # SQLite gives its side files the mode of the database, which it would make 0644.
                # Never a file that is there: to close it here would drop the locks that SQLite
                # holds on it for this process.
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            path.chmod(0o600)
            engine.connect().close()
    except (OSError, OperationalError, LockHeld) as error:
        engine.dispose()
        reason = error.orig if isinstance(error, OperationalError) else error
        raise SettingsError(
            [f"the database {path} cannot be opened: {reason}; check path, owner and free space"]
        ) from error
    return engine


def _on_connect(connection: SqliteConnection, _entry: ConnectionPoolEntry) -> None:
    # The driver must not begin transactions on its own, for it begins them too late (SQLAlchemy:
    # "SQLite transactions and the sqlite3 driver").
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(pragma).close()


def _on_begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get(READING, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
