"""Where the ledger is kept: a file of this runner's own, or a database that runners share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from vigil.domain.errors import PortUnavailable
from vigil.runner.tables import SHARED_PREFIX, Tables

Result = TypeVar("Result")

BUSY_S = 5
"""A transaction takes milliseconds: who waits longer waits for somebody who stands still."""
CONNECT_S = 5
CONNECTIONS = 4
TRIES = 3
_UNDONE = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock: the transaction was undone for the sake of another one."""
_POSTGRES = frozenset({"postgresql", "postgresql+psycopg"})
_ALONE = text("SELECT pg_advisory_xact_lock(:key)")
_MAKING = int.from_bytes(sha256(b"vigil/runner tables").digest()[:8], "big", signed=True)


class Store:
    """An open database with the ledger's tables; whatever is written is on disk afterwards."""

    def __init__(self, engine: Engine, prefix: str = "") -> None:
        self._engine = engine
        self.tables = Tables(prefix)
        self.shared = engine.dialect.name == "postgresql"
        """Whether other runners may be writing too."""
        self.transaction(self._make)

    def _make(self, connection: Connection) -> None:
        if self.shared:
            connection.execute(_ALONE, {"key": _MAKING})
        self.tables.metadata.create_all(connection)

    def transaction(self, work: Callable[[Connection], Result]) -> Result:
        """Do ``work`` wholly or not at all; it may be called again, and acts on nothing else.

        :raises PortUnavailable: it cannot be written or read now, or nobody answered whether it
            was.
        """
        with _translated(self._engine):
            for _ in range(TRIES - 1):
                try:
                    return self._once(work)
                except DBAPIError as error:
                    undone = getattr(error.orig, "sqlstate", None) in _UNDONE
                    if not (undone or isinstance(error, IntegrityError)):
                        raise
            return self._once(work)

    def _once(self, work: Callable[[Connection], Result]) -> Result:
        with self._engine.begin() as connection:
            return work(connection)

    def close(self) -> None:
        """Let go of its connections."""
        self._engine.dispose()


def in_file(file: Path) -> Store:
    """A file for one runner, made if it is missing."""
    engine = create_engine(
        URL.create("sqlite", database=str(file)), connect_args={"timeout": BUSY_S}
    )
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return Store(engine)


def in_postgres(url: URL) -> Store:
    """Tables in a database that all runners of an installation share."""
    server = {
        "statement_timeout": f"{BUSY_S}s",
        "lock_timeout": f"{BUSY_S}s",
        # A runner that stands still within a transaction holds up the others no longer than this.
        "idle_in_transaction_session_timeout": f"{BUSY_S}s",
        "synchronous_commit": "on",
    }
    given = url.query.get("options", ())
    options = [f"-c {name}={value}" for name, value in server.items()]
    # What the URL says comes last, and so counts.
    options += [given] if isinstance(given, str) else given
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=CONNECTIONS,
        max_overflow=CONNECTIONS,
        pool_timeout=BUSY_S,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={
            "application_name": "vigil runner",
            "connect_timeout": CONNECT_S,
            "tcp_user_timeout": BUSY_S * 1000,
            "options": " ".join(options),
        },
    )
    return Store(engine, SHARED_PREFIX)


def open_store(file: Path, database_url: str | None) -> Store:
    """In the database if it is one that runners can share, otherwise in the file."""
    url = None if database_url is None else make_url(database_url)
    if url is not None and url.drivername in _POSTGRES:
        return in_postgres(url)
    return in_file(file)


def _on_connect(connection: SqliteConnection, _entry: ConnectionPoolEntry) -> None:
    # Transactions are begun by us: the driver would begin them too late.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL").close()
    connection.execute("PRAGMA synchronous=FULL").close()


def _on_begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def _translated(engine: Engine) -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise PortUnavailable("the runner's ledger: all connections are in use") from error
    except DBAPIError as error:
        remedy = (
            "is its server running, and can it be reached from here?"
            if engine.dialect.name == "postgresql"
            else "is its disk full, or the file damaged (then see `vigil restore`)?"
        )
        # The first line; the others quote what was written.
        reason = str(error.orig).partition("\n")[0]
        raise PortUnavailable(f"the runner's ledger cannot be used ({reason}): {remedy}") from error
