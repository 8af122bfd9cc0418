"""What entry points do with an installation besides running it: open a part, look after it, ask."""

import asyncio
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Engine as DatabaseEngine

from vigil.bootstrap.choices import choose_browser, choose_bus
from vigil.bootstrap.place import KEYS, state_directory, works_alone
from vigil.domain.errors import NotFound, SettingsError
from vigil.domain.run import Health
from vigil.domain.switch import SWITCH_FILE
from vigil.integrations._clients.database.connect import open_engine
from vigil.integrations._clients.database.inspection import inspect
from vigil.integrations._clients.database.migrate import migrate
from vigil.integrations._clients.database.postgres import RECORD, postgres_engine
from vigil.integrations._clients.database.sole import only_process
from vigil.integrations._clients.database.urls import file_of, parse
from vigil.integrations.access.embedded import Credentials, load_credentials
from vigil.integrations.backup.manifest import Manifest
from vigil.integrations.backup.restoring import Restored, restore, stopped
from vigil.integrations.backup.state import State
from vigil.integrations.backup.taking import back_up, last_backup
from vigil.integrations.clock.system import SystemClock
from vigil.integrations.journal import export_lines, load_keys
from vigil.integrations.journal.restored import note_restored
from vigil.integrations.journal.soundness import check_newest
from vigil.integrations.locks.restored import raise_tokens
from vigil.integrations.memory import memory_in
from vigil.integrations.switch.embedded import FileSwitch
from vigil.integrations.switch.shared import SharedSwitch
from vigil.ports.memory import Memory
from vigil.ports.switch import Switch
from vigil.settings import Settings


def open_access(settings: Settings) -> Credentials:
    """Who is let in over HTTP; the first time a token is made, which is told once."""
    given = settings.vigil_token
    folder = state_directory(settings) / KEYS
    return load_credentials(folder, given.get_secret_value() if given else None)


def check_many_may_work(settings: Settings) -> None:
    """``SettingsError`` where the record is one process's."""
    if works_alone(settings):
        mistake = (
            "`vigil worker` is one of several on a record that they share, and a record in SQLite "
            "has one process; set VIGIL_DATABASE_URL=postgresql://..., or run `vigil serve` alone"
        )
        raise SettingsError([mistake])


def sole_process(settings: Settings) -> AbstractContextManager[None]:
    """As long as it is entered no other process works on a record in SQLite; ``LockHeld``."""
    return only_process(settings.database_url)


def open_switch(settings: Settings) -> Switch:
    """The stop switch alone, for a CLI that finds no Vigil running."""
    file = settings.vigil_state_dir / SWITCH_FILE
    if works_alone(settings):
        return FileSwitch(file)
    # Without connecting: where the database does not answer, it is still turned here.
    return SharedSwitch(file, postgres_engine(parse(settings.database_url), RECORD))


def open_memory(settings: Settings) -> Memory:
    """Runbooks and lessons alone, for ``vigil ingest``."""
    state_directory(settings)
    database = open_engine(settings.database_url)
    migrate(database)
    return memory_in(database)


def open_audit(settings: Settings) -> Iterator[str]:
    """The lines of an export of this installation's record, signed up to now."""
    keys = settings.vigil_state_dir / KEYS
    if not keys.exists():
        raise NotFound(f"{keys} is not there: no Vigil has run here, so there is nothing to export")
    database = open_engine(settings.database_url)
    migrate(database)
    return export_lines(database, load_keys(keys), SystemClock().now())


def take_backup(settings: Settings, file: Path) -> Manifest:
    """Everything that this installation is, in one file; Vigil may be running."""
    state = State(settings.vigil_state_dir, settings.database_url)
    return back_up(state, file, version=version("vigil"), at=SystemClock().now())


def restore_backup(settings: Settings, file: Path, *, force: bool) -> Restored:
    """This installation as it was when the file was made, and stopped."""
    folder, now = settings.vigil_state_dir, SystemClock().now()

    def prepare(record: DatabaseEngine, keys: Path, manifest: Manifest) -> int:
        migrate(record)
        raise_tokens(record)
        if not works_alone(settings):
            SharedSwitch(folder / SWITCH_FILE, record).set(stopped(manifest))
        return note_restored(record, load_keys(keys), manifest.at, now)

    aside = folder / f"replaced-{now:%Y%m%dT%H%M%SZ}" if force else None
    return restore(State(folder, settings.database_url), file, prepare, aside=aside)


def known_backup(settings: Settings) -> str:
    """When the newest backup was made, in words."""
    last = last_backup(settings.vigil_state_dir)
    if last is None:
        return "none is known; vigil backup FILE makes one"
    days = (SystemClock().now() - last.at) / timedelta(days=1)
    return f"{last.file}, {days:.1f} days old"


def check_timelines(settings: Settings) -> str:
    """Whether the newest timelines are what was written and signed; ``ChainBroken`` if not."""
    keys = settings.vigil_state_dir / KEYS
    missing = works_alone(settings) and not file_of(parse(settings.database_url)).exists()
    if not keys.exists() or missing:
        return "there is none yet"
    return check_newest(open_engine(settings.database_url), load_keys(keys))


def check_database(settings: Settings) -> str:
    """Whether the record can be opened and is whole; a database that is not there yet is."""
    path = settings.vigil_state_dir / "vigil.sqlite"
    if settings.vigil_database_url is None and not path.exists():
        return f"{path} will be made at first start"
    database = open_engine(settings.database_url)
    try:
        return inspect(database)
    finally:
        database.dispose()


def check_browser(settings: Settings) -> Health:
    """Whether journeys can be walked: the browser is really started, or connected to, once."""

    async def try_out() -> Health:
        browser = choose_browser(settings)
        try:
            return await browser.try_out()
        finally:
            await browser.close()

    return asyncio.run(try_out())


def check_bus(settings: Settings) -> Health:
    """Whether the bus works: a Redis is really asked, once."""

    async def try_out() -> Health:
        return await choose_bus(settings, SystemClock(), "doctor").try_out()

    return asyncio.run(try_out())
