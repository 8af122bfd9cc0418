"""Opening the database."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SqliteConnection

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from vigil.domain.errors import SettingsError

READING = "vigil_reading"
"""Execution option of connections that only read."""

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


def open_engine(url: str) -> Engine:
    """An engine for ``sqlite:///PATH`` or ``postgresql+psycopg://...``; connects once to find out.

    Every transaction takes the write lock from its start, unless its connection has the option
    ``READING``: a transaction that reads first and writes then could otherwise fail halfway.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise SettingsError(
            ["VIGIL_DATABASE_URL is not a database URL; write sqlite:////absolute/path/vigil.db"]
        ) from error
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True)
    if parsed.database in (None, "", ":memory:"):
        raise SettingsError(
            ["VIGIL_DATABASE_URL names no file; the record must survive a restart: give a path"]
        )
    return _open_sqlite(Path(str(parsed.database)))


def _open_sqlite(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _one_at_a_time(path.parent):
            # SQLite gives its side files the mode of the database, which it would make 0644.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            path.chmod(0o600)
            engine.connect().close()
    except (OSError, OperationalError) as error:
        engine.dispose()
        reason = error.orig if isinstance(error, OperationalError) else error
        raise SettingsError(
            [f"the database {path} cannot be opened: {reason}; check path, owner and free space"]
        ) from error
    return engine


@contextmanager
def _one_at_a_time(directory: Path) -> Iterator[None]:
    """Hold a lock that dies with the process: two that switch a new file to WAL at once collide."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _on_connect(connection: SqliteConnection, _entry: ConnectionPoolEntry) -> None:
    # The driver must not begin transactions on its own, for it begins them too late (SQLAlchemy:
    # "SQLite transactions and the sqlite3 driver").
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(pragma).close()


def _on_begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get(READING, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
