"""Bringing the database to what this code expects."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import ProgrammingError

from vigil.domain.errors import SettingsError
from vigil.integrations._clients.database.errors import reason, sqlstate
from vigil.integrations._clients.database.exclusive import exclusively
from vigil.integrations._clients.database.transaction import write
from vigil.integrations._clients.database.urls import shown

PATIENCE_S = 300
"""How long one waits while another one migrates, and how long a revision may take."""

_SCRIPTS = Path(__file__).parent / "migrations"
_NOT_ALLOWED = "42501"


def migrate(engine: Engine) -> None:
    """Upgrade to the newest revision in one transaction, so that two at once do it once.

    A database of a newer Vigil is refused with ``SettingsError``: this code cannot know what it
    would destroy there.
    """
    try:
        write(engine, _migrate)
    except ProgrammingError as error:
        if sqlstate(error) != _NOT_ALLOWED:
            raise
        mistake = (
            f"the role of {shown(engine.url)} may not make Vigil's tables: {reason(error)}; "
            "make it the owner of that database"
        )
        raise SettingsError([mistake]) from error


def known_revisions() -> frozenset[str]:
    """Every revision that this code can bring along."""
    scripts = ScriptDirectory(str(_SCRIPTS))
    return frozenset(script.revision for script in scripts.walk_revisions())


def _migrate(connection: Connection) -> None:
    _alone(connection)
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(config)
    known = {script.revision for script in scripts.walk_revisions()}
    present = set(MigrationContext.configure(connection).get_current_heads())
    if unknown := present - known:
        mistake = (
            f"the database {shown(connection.engine.url)} is at revision "
            f"{', '.join(sorted(unknown))}, which this Vigil does not know: a newer one made "
            "it; start that version, or restore the backup from before the upgrade"
        )
        raise SettingsError([mistake])
    if present != set(scripts.get_heads()):
        command.upgrade(config, "head")


def _alone(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        for limit in ("lock_timeout", "statement_timeout"):
            connection.execute(text(f"SET LOCAL {limit} = '{PATIENCE_S}s'"))
    exclusively(connection, "migrate")
