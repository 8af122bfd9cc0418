"""Naming the database: what ``VIGIL_DATABASE_URL`` may say, and what of it may be shown."""

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from vigil.domain.errors import SettingsError

REMEDY = (
    "write sqlite:////absolute/path/vigil.sqlite or postgresql://user:password@host:5432/database"
)

_SQLITE = frozenset({"sqlite", "sqlite+pysqlite"})
_POSTGRES = frozenset({"postgresql", "postgresql+psycopg"})


def parse(url: str) -> URL:
    """The URL with the driver that Vigil has; no ``SettingsError`` repeats what was given."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # Said without the cause, which may quote a part of the password.
        raise SettingsError([f"VIGIL_DATABASE_URL is not a database URL; {REMEDY}"]) from None
    if parsed.drivername in _SQLITE:
        if parsed.database in (None, "", ":memory:"):
            raise SettingsError(
                ["VIGIL_DATABASE_URL names no file; the record must survive a restart: give a path"]
            )
        return parsed.set(drivername="sqlite")
    if parsed.drivername in _POSTGRES:
        if not parsed.database:
            raise SettingsError([f"VIGIL_DATABASE_URL names no database; {REMEDY}"])
        return parsed.set(drivername="postgresql+psycopg")
    raise SettingsError([f"VIGIL_DATABASE_URL is of a kind that Vigil does not know; {REMEDY}"])


def is_sqlite(url: URL) -> bool:
    """Whether it is a file, which one process holds."""
    return url.get_backend_name() == "sqlite"


def file_of(url: URL) -> Path:
    """Where SQLite keeps it."""
    return Path(str(url.database))


def shown(url: URL) -> str:
    """The database for people to read: without password and options, which may hold another."""
    if is_sqlite(url):
        return f"sqlite:///{url.database}"
    sockets = {key: url.query[key] for key in ("host", "port") if key in url.query}
    return URL.create(
        "postgresql",
        username=url.username,
        host=url.host,
        port=url.port,
        database=url.database,
        query=sockets,
    ).render_as_string()
