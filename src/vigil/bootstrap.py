"""Where one running Vigil is put together: the only module that names integrations.

Adapters are given plain values, never the settings. A vendor is chosen by giving its settings;
without them its embedded sibling does the work.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vigil.domain.errors import NotFound
from vigil.domain.run import Health
from vigil.domain.switch import SWITCH_FILE, SwitchState
from vigil.engine import Engine, Source
from vigil.integrations._clients.database.connect import open_engine
from vigil.integrations._clients.database.inspection import inspect
from vigil.integrations._clients.database.migrate import migrate
from vigil.integrations.access.embedded import Credentials, load_credentials
from vigil.integrations.alerts.alertmanager import AlertmanagerAlerts
from vigil.integrations.alerts.pagerduty import PagerDutyAlerts
from vigil.integrations.changes.embedded import ReleaseLogChanges
from vigil.integrations.clock.system import SystemClock
from vigil.integrations.journal import SqlJournal, export_lines, load_keys
from vigil.integrations.locks.embedded import SqlLocks
from vigil.integrations.memory.embedded import EmbeddedMemory
from vigil.integrations.probes.embedded import EmbeddedProbes
from vigil.integrations.reasoner.embedded import PlaybookReasoner
from vigil.integrations.sandbox.embedded import RunnerSandbox
from vigil.integrations.screenshots.embedded import FileScreenshots
from vigil.integrations.sessions.embedded import PostgresSessions
from vigil.integrations.switch.embedded import FileSwitch
from vigil.integrations.telemetry.embedded import EmbeddedTelemetry
from vigil.integrations.workflow.dbos import DbosWorkflow
from vigil.orient.scene import Senses
from vigil.parts import Parts
from vigil.ports.memory import Memory
from vigil.ports.switch import Switch
from vigil.settings import Settings, load_catalogue, load_policy

if TYPE_CHECKING:
    from vigil.integrations.browser.cdp import CdpBrowser
    from vigil.integrations.browser.embedded import LightpandaBrowser

SHIPPED_RUNBOOKS = Path(__file__).parents[2] / "runbooks"
"""In a checkout; an installation names its own folder."""
KEYS = "keys"
"""Folder of the keys; they are made at the first start and never again."""


@dataclass(frozen=True)
class Installation:
    """Everything that an entry point needs of one installation."""

    engine: Engine
    memory: Memory
    credentials: Credentials


def build(settings: Settings) -> Installation:
    """One Vigil from its settings; ``SettingsError`` lists everything that is wrong."""
    catalogue = load_catalogue(settings.vigil_config)
    policy = load_policy(settings)
    state = state_directory(settings)
    first_start = not (state / KEYS).exists()
    clock = SystemClock()
    database = open_engine(settings.database_url)
    migrate(database)
    journal = SqlJournal(database, load_keys(state / KEYS))
    memory = EmbeddedMemory(database)
    telemetry = EmbeddedTelemetry(catalogue, clock)
    switch = FileSwitch(state / SWITCH_FILE)
    browser, screenshots = _browser(settings), FileScreenshots(state / "screenshots")
    # Only where there has never been a switch: one that was lost later reads as stopped.
    if first_start and not (state / SWITCH_FILE).exists():
        switch.set(SwitchState(stopped=False))
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
        sandbox=RunnerSandbox(state / "runner.sock"),
        switch=switch,
        locks=SqlLocks(database),
    )

    async def database_health() -> Health:
        await journal.incidents(1)
        return Health(part="database", ok=True, text=str(database.url))

    engine = Engine(
        parts=parts,
        workflow=DbosWorkflow(state / "workflow.sqlite"),
        sources=_sources(settings, clock),
        checks={"database": database_health, "browser": browser.health},
        background=(telemetry.scrape_forever,),
        screenshots=screenshots,
        closing=(browser.close,),
    )
    given = settings.vigil_token
    return Installation(
        engine=engine,
        memory=memory,
        credentials=load_credentials(state / KEYS, given.get_secret_value() if given else None),
    )


def open_switch(settings: Settings) -> Switch:
    """The stop switch alone, for a CLI that finds no Vigil running."""
    return FileSwitch(settings.vigil_state_dir / SWITCH_FILE)


def open_memory(settings: Settings) -> Memory:
    """Runbooks and lessons alone, for ``vigil ingest``."""
    state_directory(settings)
    database = open_engine(settings.database_url)
    migrate(database)
    return EmbeddedMemory(database)


def open_audit(settings: Settings) -> Iterator[str]:
    """The lines of an export of this installation's record, signed up to now."""
    keys = settings.vigil_state_dir / KEYS
    if not keys.exists():
        raise NotFound(f"{keys} is not there: no Vigil has run here, so there is nothing to export")
    database = open_engine(settings.database_url)
    migrate(database)
    return export_lines(database, load_keys(keys), SystemClock().now())


def check_database(settings: Settings) -> str:
    """Whether the record can be opened and is whole; a database that is not there yet is."""
    path = settings.vigil_state_dir / "vigil.sqlite"
    if settings.vigil_database_url is None and not path.exists():
        return f"{path} will be made at first start"
    return inspect(open_engine(settings.database_url))


def check_browser(settings: Settings) -> Health:
    """Whether journeys can be walked: the browser is really started, or connected to, once."""

    async def try_out() -> Health:
        browser = _browser(settings)
        try:
            return await browser.try_out()
        finally:
            await browser.close()

    return asyncio.run(try_out())


def state_directory(settings: Settings) -> Path:
    """The state folder, made readable by its owner only."""
    state = settings.vigil_state_dir
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    return state


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
