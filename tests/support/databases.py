"""Databases for tests: each its own, on a server that the tests of one process share."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import URL, make_url

from vigil.integrations._clients.database import migrate, open_engine
from vigil.integrations._clients.files import place_once

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def url_of(dsn: str, database: str = "postgres") -> str:
    """As ``VIGIL_DATABASE_URL`` names a database of this server, with the password."""
    parts = conninfo_to_dict(dsn)
    return URL.create(
        "postgresql",
        username=str(parts["user"]),
        password=str(parts["password"]),
        host=str(parts["host"]),
        port=int(str(parts["port"])),
        database=database,
    ).render_as_string(hide_password=False)


def place_migrated(file: Path) -> None:
    """Put an empty record in SQLite there, if nothing is there yet.

    Most tests need one, and to make it takes most of the time of the short ones.
    """
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        place_once(file, _migrated(), mode=0o600)


@cache
def _migrated() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "vigil.sqlite"
        engine = open_engine(f"sqlite:///{file}")
        migrate(engine)
        engine.dispose()
        return file.read_bytes()


class PostgresServer:
    """A running PostgreSQL, and databases on it that are gone when their test is."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._admin = psycopg.connect(dsn, autocommit=True)
        self._numbers = count(1)
        self._records: list[_Record] = []

    def close(self) -> None:
        self._admin.close()

    def url(self, database: str = "postgres") -> str:
        """As ``VIGIL_DATABASE_URL`` names a database, with the password."""
        return url_of(self._dsn, database)

    @contextmanager
    def record(self) -> Iterator[str]:
        """The URL of a database that holds Vigil's tables, with nothing in them."""
        record = self._records.pop() if self._records else self._made()
        try:
            yield record.url
        finally:
            # To empty one takes a hundredth of the time that it takes to make one.
            record.empty()
            self._records.append(record)

    def _made(self) -> "_Record":
        url = self._create()
        engine = open_engine(url)
        migrate(engine)
        engine.dispose()
        return _Record(url)

    @contextmanager
    def database(self, *, encoding: str = "UTF8", locale: str | None = None) -> Iterator[str]:
        """The URL of a new database without a table.

        ``locale`` is one of ICU's; without it text sorts as its bytes do.
        """
        options = f"ENCODING '{encoding}'"
        if locale is not None:
            options += f" LOCALE_PROVIDER icu ICU_LOCALE '{locale}'"
        url = self._create(options)
        try:
            yield url
        finally:
            self._admin.execute(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")

    def _create(self, options: str = "") -> str:
        name = f"test_{next(self._numbers)}"
        self._admin.execute(f"CREATE DATABASE {name} TEMPLATE template0 {options}")
        return self.url(name)

    def as_role(self, name: str, url: str) -> str:
        """The same database for a new role that owns nothing and may make nothing."""
        with psycopg.connect(url) as own:
            own.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        self._admin.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'of-a-guest'")
        role = make_url(url).set(username=name, password="of-a-guest")
        return role.render_as_string(hide_password=False)


class _Record:
    """A database with Vigil's tables, used by one test after the other."""

    def __init__(self, url: str) -> None:
        self.url = url
        with psycopg.connect(url) as connection:
            self._tables = _names(connection)

    def empty(self) -> None:
        """Leave nothing in Vigil's tables, and nothing beside them."""
        with psycopg.connect(self.url) as connection:
            connection.execute(_OTHERS)
            connection.execute("SET session_replication_role = replica")  # in any order
            for table in _names(connection) - {"alembic_version"}:
                told = "DELETE FROM {}" if table in self._tables else "DROP TABLE {} CASCADE"
                connection.execute(sql.SQL(told).format(sql.Identifier(table)))
            connection.execute("DROP SCHEMA IF EXISTS dbos CASCADE")
            connection.execute("ALTER SEQUENCE inbox_id_seq RESTART")


def _names(connection: "psycopg.Connection[tuple[str, ...]]") -> set[str]:
    return {name for (name,) in connection.execute(_TABLES)}
