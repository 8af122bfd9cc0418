"""Opening the database."""

from sqlalchemy import Engine

from vigil.integrations._clients.database.postgres import open_postgres
from vigil.integrations._clients.database.sqlite import open_sqlite
from vigil.integrations._clients.database.urls import file_of, is_sqlite, parse


def open_engine(url: str) -> Engine:
    """An engine for ``sqlite:///PATH`` or ``postgresql://...``; connects once to find out.

    ``SettingsError`` on what a person has to change, ``PortUnavailable`` on a server that does not
    answer. On SQLite every transaction takes the write lock from its start, unless it only reads:
    one that reads first and writes then could otherwise fail halfway.
    """
    parsed = parse(url)
    return open_sqlite(file_of(parsed)) if is_sqlite(parsed) else open_postgres(parsed)
