"""Looking at a database without changing it."""

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError

from vigil.domain.errors import SettingsError
from vigil.integrations._clients.database.connect import READING


def inspect(engine: Engine) -> str:
    """One line on a database that is whole; ``SettingsError`` on one that is not."""
    name = engine.url.render_as_string()
    try:
        with engine.connect().execution_options(**{READING: True}) as connection:
            if engine.dialect.name == "sqlite":
                found = connection.execute(text("PRAGMA quick_check(1)")).scalar_one()
                if found != "ok":
                    raise SettingsError([f"{name} is damaged ({found}); restore a backup"])
            revision = MigrationContext.configure(connection).get_current_revision()
    except DatabaseError as error:
        raise SettingsError([f"{name} cannot be read: {error.orig}; restore a backup"]) from error
    return f"{name}, revision {revision}"
