"""The record in PostgreSQL, which many processes share."""

from dataclasses import dataclass
from typing import TypeAlias

import psycopg
from psycopg.abc import Buffer
from psycopg.types.string import StrDumperUnknown
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from vigil.domain.errors import PortUnavailable, SettingsError
from vigil.integrations._clients.database.errors import reason, sqlstate
from vigil.integrations._clients.database.text import storable
from vigil.integrations._clients.database.urls import shown

OLDEST = 14
"""The first version of PostgreSQL that Vigil is tried with; older ones get no more repairs."""

CONNECT_S = 5
UNANSWERED_S = 20
"""What was sent and not acknowledged for so long was sent to a machine that is gone."""
IDLE_S = 8
"""A process that stands still within a transaction holds up the others so long at most: they wait
longer than that for a lock, and are done waiting long before they take it for dead."""
READER_IDLE_S = 600
"""Of a transaction that only reads, piece by piece, and so holds up nobody."""

_REFUSED = frozenset({"28000", "28P01", "3D000", "42501"})
"""Another try would be refused too: authorization, password, database, privilege."""

_REFUSALS = (
    "authentication failed",
    "does not exist",
    "no pg_hba.conf entry",
    "permission denied",
    "does not support SSL",
    "certificate",
)

RawConnection: TypeAlias = "psycopg.Connection[tuple[object, ...]]"


@dataclass(frozen=True)
class Limits:
    """What one engine may ask of the server."""

    connections: int
    """Held open; as many again may be opened when all are in use."""
    statement_s: int
    lock_s: int
    """How long a statement waits for what another transaction holds; 0 is without end."""


RECORD = Limits(connections=5, statement_s=30, lock_s=10)
"""Transactions take milliseconds: who waits longer waits for somebody who stands still."""


def open_postgres(url: URL) -> Engine:
    """An engine over a database that is there and fit; connects once to find out."""
    engine = postgres_engine(url, RECORD)
    try:
        with engine.connect() as connection:
            _check(connection, shown(url))
    except DBAPIError as error:
        engine.dispose()
        raise _not_opened(url, error) from error
    except SettingsError:
        engine.dispose()
        raise
    return engine


def postgres_engine(url: URL, limits: Limits) -> Engine:
    """An engine every call of which comes to an end; the URL's own options win over Vigil's."""
    engine = create_engine(
        url,
        pool_size=limits.connections,
        max_overflow=limits.connections,
        pool_timeout=limits.lock_s or UNANSWERED_S,
        pool_pre_ping=True,
        # What a statement was given may be personal, and errors are logged.
        hide_parameters=True,
        connect_args=_connection_options(url, limits),
    )
    event.listen(engine, "connect", _on_connect)
    return engine


def _connection_options(url: URL, limits: Limits) -> dict[str, str | int]:
    ours: dict[str, str | int] = {
        "application_name": "vigil",
        "connect_timeout": CONNECT_S,
        "keepalives_idle": UNANSWERED_S,
        "tcp_user_timeout": UNANSWERED_S * 1000,
    }
    server = {
        "statement_timeout": f"{limits.statement_s}s",
        "lock_timeout": f"{limits.lock_s}s",
        "idle_in_transaction_session_timeout": f"{IDLE_S}s",
        # What Vigil was told is written is on disk, also where the database's owner thinks less
        # of the last second.
        "synchronous_commit": "on",
    }
    given = url.query.get("options", ())
    options = [f"-c {name}={value}" for name, value in server.items()]
    options += [given] if isinstance(given, str) else given
    # The last of two counts with PostgreSQL.
    return {k: v for k, v in ours.items() if k not in url.query} | {"options": " ".join(options)}


class _AnyText(StrDumperUnknown):
    """Text that PostgreSQL refuses is only another text: nothing is found under it."""

    def dump(self, obj: str) -> Buffer | None:
        try:
            return super().dump(obj)
        except (psycopg.DataError, UnicodeEncodeError):
            return super().dump(storable(obj))


def _on_connect(connection: RawConnection, _entry: ConnectionPoolEntry) -> None:
    connection.adapters.register_dumper(str, _AnyText)


def _check(connection: Connection, name: str) -> None:
    version = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one())
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    mistakes = []
    if version < OLDEST * 10_000:
        mistakes.append(
            f"{name} is on PostgreSQL {version // 10_000}; Vigil needs {OLDEST} or newer"
        )
    if encoding != "UTF8":
        mistakes.append(
            f"{name} is encoded in {encoding}, which cannot hold every text; "
            "make one with: CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0"
        )
    if mistakes:
        raise SettingsError(mistakes)


def _not_opened(url: URL, error: DBAPIError) -> SettingsError | PortUnavailable:
    text = f"{shown(url)} cannot be opened: {reason(error)}"
    # A connection that failed has no SQLSTATE of its own: libpq gives only the server's words.
    if sqlstate(error) in _REFUSED or any(words in text for words in _REFUSALS):
        return SettingsError([f"{text}; check VIGIL_DATABASE_URL and what its role may do"])
    return PortUnavailable(f"{text}; check that the server runs and can be reached from here")
