"""Where one running Vigil is put together: the only module that names integrations.

Adapters are given plain values, never the settings. A vendor is chosen by giving its settings;
without them its embedded sibling does the work.
"""

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine as DatabaseEngine

from vigil.crew import Crew
from vigil.domain.errors import NotFound, SettingsError
from vigil.domain.identity import sha256_hex
from vigil.domain.run import Health
from vigil.domain.switch import SWITCH_FILE, SwitchState
from vigil.engine import Engine, Source
from vigil.integrations._clients.database.connect import open_engine
from vigil.integrations._clients.database.inspection import inspect
from vigil.integrations._clients.database.migrate import migrate
from vigil.integrations._clients.database.postgres import RECORD, postgres_engine
from vigil.integrations._clients.database.room import check_room
from vigil.integrations._clients.database.sole import only_process
from vigil.integrations._clients.database.urls import file_of, is_sqlite, parse, shown
from vigil.integrations.access.embedded import Credentials, load_credentials
from vigil.integrations.alerts.alertmanager import AlertmanagerAlerts
from vigil.integrations.alerts.pagerduty import PagerDutyAlerts
from vigil.integrations.backup.manifest import Manifest
from vigil.integrations.backup.restoring import Restored, restore, stopped
from vigil.integrations.backup.state import State
from vigil.integrations.backup.taking import back_up, last_backup
from vigil.integrations.bus.embedded import EmbeddedBus
from vigil.integrations.changes.embedded import ReleaseLogChanges
from vigil.integrations.clock.system import SystemClock
from vigil.integrations.journal import SqlJournal, export_lines, holds_incidents, load_keys
from vigil.integrations.journal.restored import note_restored
from vigil.integrations.journal.retention import Retention
from vigil.integrations.journal.soundness import check_newest
from vigil.integrations.locks.embedded import SqlLocks
from vigil.integrations.locks.restored import raise_tokens
from vigil.integrations.memory import memory_in
from vigil.integrations.probes.embedded import EmbeddedProbes
from vigil.integrations.reasoner.embedded import PlaybookReasoner
from vigil.integrations.sandbox.embedded import RunnerSandbox
from vigil.integrations.screenshots.embedded import FileScreenshots
from vigil.integrations.sessions.embedded import PostgresSessions
from vigil.integrations.switch.embedded import FileSwitch
from vigil.integrations.switch.shared import SharedSwitch
from vigil.integrations.telemetry.embedded import EmbeddedTelemetry
from vigil.integrations.workers.embedded import SqlWorkers
from vigil.integrations.workflow.dbos import DbosWorkflow
from vigil.keeper import Keeper, Pace
from vigil.orient.scene import Senses
from vigil.parts import Parts
from vigil.ports.memory import Memory
from vigil.ports.switch import Switch
from vigil.ports.workers import Role, Worker
from vigil.settings import Settings, load_catalogue, load_policy

if TYPE_CHECKING:
    from vigil.integrations.browser.cdp import CdpBrowser
    from vigil.integrations.browser.embedded import LightpandaBrowser
    from vigil.integrations.bus.redis import RedisBus

SHIPPED_RUNBOOKS = Path(__file__).parents[2] / "runbooks"
"""In a checkout; an installation names its own folder."""
KEYS = "keys"
"""Folder of the keys; they are made at the first start and never again."""
WORKERS = "workers"
"""Folder in which each `vigil worker` has one of its own, for its runner, as long as it lives."""
ALONE_BEAT_S = 5.0
"""Where nobody else can work on the record, beats only renew leases and tell people the time."""


@dataclass(frozen=True)
class Installation:
    """Everything that an entry point needs of one installation."""

    engine: Engine
    memory: Memory


def new_worker(kind: str) -> Worker:
    """This process among those that work on the record; ``kind`` is the command that started it."""
    clock = SystemClock()
    return Worker(
        id=clock.new_id(),
        host=socket.gethostname(),
        pid=os.getpid(),
        kind=kind,
        version=version("vigil"),
        started_at=clock.now(),
        seen_at=clock.now(),
    )


def runner_folder(settings: Settings, me: Worker) -> Path:
    """Where this process and its runner meet; of the one `vigil serve` it is the state folder."""
    state = settings.vigil_state_dir
    return state if me.kind == "serve" else state / WORKERS / me.id


def build(settings: Settings, me: Worker | None = None) -> Installation:
    """One Vigil from its settings; ``SettingsError`` lists everything that is wrong."""
    me = me or new_worker("serve")
    catalogue = load_catalogue(settings.vigil_config)
    policy = load_policy(settings)
    state = state_directory(settings)
    first_start = not (state / KEYS).exists()
    clock = SystemClock()
    database = open_engine(settings.database_url)
    migrate(database)
    if first_start:
        _check_that_it_is_the_first(database, state)
    keys = load_keys(state / KEYS)
    bus = _bus(settings, clock, keys.public_key)
    journal = SqlJournal(database, keys, bus.announce)
    memory = memory_in(database)
    telemetry = EmbeddedTelemetry(catalogue, clock)
    # Beats and the switch do not wait for a connection that the work needs.
    aside = open_engine(settings.database_url)
    switch = _switch(settings, aside, first_start=first_start)
    browser, screenshots = _browser(settings), FileScreenshots(state / "screenshots")
    parts = Parts(
        catalogue=catalogue,
        policy=policy,
        senses=Senses(
            probes=EmbeddedProbes(clock, browser, screenshots),
            telemetry=telemetry,
            changes=ReleaseLogChanges(catalogue),
            sessions=PostgresSessions(catalogue),
            clock=clock,
        ),
        journal=journal,
        memory=memory,
        reasoner=PlaybookReasoner(),
        sandbox=RunnerSandbox(runner_folder(settings, me) / "runner.sock"),
        switch=switch,
        locks=SqlLocks(database),
        worker=me.id,
    )
    workflow = _workflow(settings, me.id)
    alone = is_sqlite(parse(settings.database_url))
    keeper = Keeper(
        me,
        SqlWorkers(aside),
        SqlLocks(aside),
        clock,
        Pace(beat_s=ALONE_BEAT_S) if alone else Pace(),
        further=(switch.mirror,) if isinstance(switch, SharedSwitch) else (),
    )

    keep = timedelta(days=settings.vigil_keep_days)
    elsewhere = (workflow.forget, screenshots.forget)
    retention = Retention(database, keys, clock, keep, elsewhere)

    async def database_health() -> Health:
        await journal.incidents(1)
        check_room(database)
        return Health(part="database", ok=True, text=shown(database.url))

    engine = Engine(
        parts=parts,
        workflow=workflow,
        sources=_sources(settings, clock),
        checks={"database": database_health, "browser": browser.health, "bus": bus.health},
        background=(telemetry.scrape_forever, *bus.background),
        bus=bus,
        screenshots=screenshots,
        closing=(browser.close,),
        crew=Crew(keeper, journal, parts.locks, workflow),
        led={Role.RETENTION: retention.forever} if keep else {},
    )
    return Installation(engine=engine, memory=memory)


def open_access(settings: Settings) -> Credentials:
    """Who is let in over HTTP; the first time a token is made, which is told once."""
    given = settings.vigil_token
    folder = state_directory(settings) / KEYS
    return load_credentials(folder, given.get_secret_value() if given else None)


def check_many_may_work(settings: Settings) -> None:
    """``SettingsError`` where the record is one process's."""
    if is_sqlite(parse(settings.database_url)):
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
    file, url = settings.vigil_state_dir / SWITCH_FILE, parse(settings.database_url)
    # Without connecting: where the database does not answer, it is still turned here.
    return FileSwitch(file) if is_sqlite(url) else SharedSwitch(file, postgres_engine(url, RECORD))


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
        if not is_sqlite(parse(settings.database_url)):
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
    url = parse(settings.database_url)
    if not keys.exists() or (is_sqlite(url) and not file_of(url).exists()):
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
        browser = _browser(settings)
        try:
            return await browser.try_out()
        finally:
            await browser.close()

    return asyncio.run(try_out())


def check_bus(settings: Settings) -> Health:
    """Whether the bus works: a Redis is really asked, once."""

    async def try_out() -> Health:
        return await _bus(settings, SystemClock(), "doctor").try_out()

    return asyncio.run(try_out())


def state_directory(settings: Settings) -> Path:
    """The state folder, made readable by its owner only."""
    state = settings.vigil_state_dir
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    return state


def _check_that_it_is_the_first(database: DatabaseEngine, state: Path) -> None:
    """New keys open nothing that was sealed before, and what they sign nobody would believe."""
    if holds_incidents(database):
        mistake = (
            f"{state / KEYS} is not there, and the record has incidents that were sealed with "
            "other keys; copy the folder from the machine that made it, or from a backup"
        )
        raise SettingsError([mistake])


def _switch(
    settings: Settings, database: DatabaseEngine, *, first_start: bool
) -> FileSwitch | SharedSwitch:
    """A file for the one process, or one that says what all machines say."""
    path = settings.vigil_state_dir / SWITCH_FILE
    file = FileSwitch(path)
    # Only where there has never been a switch: one that was lost later reads as stopped.
    if first_start and not path.exists():
        file.set(SwitchState(stopped=False))
    if is_sqlite(parse(settings.database_url)):
        return file
    shared = SharedSwitch(path, database)
    shared.compare()
    return shared


def _workflow(settings: Settings, worker: str) -> DbosWorkflow:
    """DBOS beside the record: many workers share one, or a process takes up what the one before it
    left, in a file of its own.
    """
    if is_sqlite(parse(settings.database_url)):
        return DbosWorkflow(f"sqlite:///{settings.vigil_state_dir / 'workflow.sqlite'}")
    return DbosWorkflow(settings.database_url, worker)


def _bus(settings: Settings, clock: SystemClock, installation: str) -> "EmbeddedBus | RedisBus":
    """Within this process, or over the Redis that is given; all that share a record share a key."""
    alone = is_sqlite(parse(settings.database_url))
    if settings.redis_url is None:
        return EmbeddedBus(clock.elapsed, alone=alone)
    from vigil.integrations.bus.redis import RedisBus

    name = sha256_hex(installation.encode())[:16]
    return RedisBus(settings.redis_url.get_secret_value(), name, clock.elapsed, alone=alone)


def _browser(settings: Settings) -> "LightpandaBrowser | CdpBrowser":
    """One's own Lightpanda, or the browser that somebody else runs."""
    if settings.lightpanda_ws_endpoint is not None:
        from vigil.integrations.browser.cdp import CdpBrowser

        return CdpBrowser(settings.lightpanda_ws_endpoint.get_secret_value())
    from vigil.integrations.browser.embedded import LightpandaBrowser

    return LightpandaBrowser()


def _sources(settings: Settings, clock: SystemClock) -> dict[str, Source]:
    """The alert sources whose secret is known; the others are off, not open."""
    sources: dict[str, Source] = {}
    if settings.alertmanager_webhook_token is not None:
        token = settings.alertmanager_webhook_token.get_secret_value()
        sources["alertmanager"] = Source(AlertmanagerAlerts(token, clock))
    if settings.pagerduty_webhook_secret is not None:
        secrets = settings.pagerduty_webhook_secret.get_secret_value()
        sources["pagerduty"] = Source(PagerDutyAlerts(secrets, clock))
    return sources
