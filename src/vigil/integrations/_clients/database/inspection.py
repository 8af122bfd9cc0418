"""Looking at a database without changing it."""

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError

from vigil.domain.errors import SettingsError
from vigil.integrations._clients.database.errors import reason
from vigil.integrations._clients.database.reading import reading_options
from vigil.integrations._clients.database.urls import shown


def inspect(engine: Engine) -> str:
    """One line on a database that is whole; ``SettingsError`` on one that is not."""
    name, on_file = shown(engine.url), engine.dialect.name == "sqlite"
    try:
        with engine.connect().execution_options(**reading_options(engine)) as connection:
            about = _file(connection, name) if on_file else _server(connection)
            revision = MigrationContext.configure(connection).get_current_revision()
    except DatabaseError as error:
        remedy = "restore a backup" if on_file else "see what its role may do"
        raise SettingsError([f"{name} cannot be read: {reason(error)}; {remedy}"]) from error
    revised = f"revision {revision}" if revision else "no tables yet: made at first start"
    return ", ".join(part for part in (name, about, revised) if part)


def _file(connection: Connection, name: str) -> str:
    found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    if found != "ok":
        raise SettingsError([f"{name} is damaged ({found}); restore a backup"])
    lost = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if lost is not None:
        raise SettingsError(
            [f"a row of {lost[0]} in {name} refers to a row that is gone; restore a backup"]
        )
    return ""


def _server(connection: Connection) -> str:
    """Version and encoding were looked at when it was opened."""
    version = connection.exec_driver_sql("SHOW server_version").scalar_one()
    safe = connection.exec_driver_sql("SHOW fsync").scalar_one() == "on"
    warning = "" if safe else " with fsync off, so a power cut may destroy the record"
    return f"PostgreSQL {version}{warning}"
