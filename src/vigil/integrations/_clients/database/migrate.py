"""Bringing the database to what this code expects."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from vigil.domain.errors import SettingsError
from vigil.integrations._clients.database.transaction import write

_SCRIPTS = Path(__file__).parent / "migrations"


def migrate(engine: Engine) -> None:
    """Upgrade to the newest revision in one transaction, so that two at once do it once.

    A database of a newer Vigil is refused with ``SettingsError``: this code cannot know what it
    would destroy there.
    """
    write(engine, _migrate)


def _migrate(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(config)
    known = {script.revision for script in scripts.walk_revisions()}
    present = set(MigrationContext.configure(connection).get_current_heads())
    if unknown := present - known:
        mistake = (
            f"the database {connection.engine.url.render_as_string()} is at revision "
            f"{', '.join(sorted(unknown))}, which this Vigil does not know: a newer one made "
            "it; start that version, or restore the backup from before the upgrade"
        )
        raise SettingsError([mistake])
    if present != set(scripts.get_heads()):
        command.upgrade(config, "head")
