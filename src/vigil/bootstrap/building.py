"""One running Vigil, put together from its settings."""

import os
import socket
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Engine as DatabaseEngine

from vigil.bootstrap.choices import (
    choose_browser,
    choose_bus,
    choose_silences,
    choose_switch,
    choose_workflow,
    health_of,
    known_sources,
)
from vigil.bootstrap.ground import ground_of
from vigil.bootstrap.hands import choose_hands
from vigil.bootstrap.looking import FIGURES, judge_by
from vigil.bootstrap.outside import choose_posting
from vigil.bootstrap.place import KEYS, PULSES, state_directory, works_alone
from vigil.bootstrap.reasoning import caps_of, choose_author
from vigil.bootstrap.redacting import choose_redaction, health_of_redaction
from vigil.bootstrap.swarming import check_wishes
from vigil.crew import Crew
from vigil.domain.errors import SettingsError
from vigil.domain.run import Health
from vigil.engine import Engine
from vigil.integrations._clients.database.connect import open_engine
from vigil.integrations._clients.database.migrate import migrate
from vigil.integrations._clients.database.room import check_room
from vigil.integrations._clients.database.urls import shown
from vigil.integrations.changes.embedded import FileChanges
from vigil.integrations.clock.system import SystemClock
from vigil.integrations.figures.embedded import FileFigures
from vigil.integrations.inventory.embedded import EmbeddedInventories
from vigil.integrations.journal import (
    SqlInbox,
    SqlJournal,
    SqlLedger,
    SqlMeanings,
    SqlPost,
    holds_incidents,
    load_keys,
)
from vigil.integrations.journal.retention import Retention
from vigil.integrations.locks.embedded import SqlLocks
from vigil.integrations.memory import memory_in
from vigil.integrations.probes.embedded import EmbeddedProbes
from vigil.integrations.screenshots.embedded import FileScreenshots
from vigil.integrations.sessions.embedded import PostgresSessions
from vigil.integrations.swarm.embedded import LightpandaSwarm
from vigil.integrations.switch.shared import SharedSwitch
from vigil.integrations.telemetry.embedded import EmbeddedTelemetry
from vigil.integrations.workers.embedded import SqlWorkers
from vigil.integrations.workers.pulse import Pulse
from vigil.keeper import Keeper, Pace
from vigil.measuring import measure_forever
from vigil.orient.scene import Senses
from vigil.ports.memory import Memory
from vigil.ports.workers import Role, Worker
from vigil.settings import Settings, load_catalogue, load_policy
from vigil.story.parts import Parts
from vigil.tool_files import load_tools

SHIPPED_RUNBOOKS = Path(__file__).parents[3] / "runbooks"
"""In a checkout; an installation names its own folder."""
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


def build(settings: Settings, me: Worker | None = None) -> Installation:
    """One Vigil from its settings; ``SettingsError`` lists everything that is wrong."""
    me = me or new_worker("serve")
    catalogue = load_catalogue(settings.vigil_config)
    check_wishes(settings, catalogue)
    policy = load_policy(settings, catalogue.environment)
    state = state_directory(settings)
    first_start = not (state / KEYS).exists()
    clock = SystemClock()
    database = open_engine(settings.database_url)
    migrate(database)
    if first_start:
        _check_that_it_is_the_first(database, state)
    keys = load_keys(state / KEYS)
    bus = choose_bus(settings, clock, keys.public_key)
    # Beats and the switch do not wait for a connection that the work needs.
    aside = open_engine(settings.database_url)
    switch = choose_switch(settings, aside, first_start=first_start)
    journal = SqlJournal(database, keys, bus.announce, switch.read_within)
    memory = memory_in(database)
    telemetry = EmbeddedTelemetry(catalogue, clock)
    browser, screenshots = choose_browser(settings), FileScreenshots(state / "screenshots")
    silences = choose_silences(settings, catalogue)
    hands = choose_hands(settings, catalogue, me, switch)
    tools = load_tools(settings.vigil_guard_tools)
    author = choose_author(settings, policy, SqlLedger(database, caps_of(settings), clock))
    redaction = choose_redaction(settings)
    parts = Parts(
        catalogue=catalogue,
        policy=policy,
        senses=Senses(
            probes=EmbeddedProbes(
                clock,
                browser,
                screenshots,
                hands.commands,
                judge_by(tools),
                FileFigures(state / FIGURES),
            ),
            telemetry=telemetry,
            changes=FileChanges(catalogue),
            sessions=PostgresSessions(catalogue),
            inventories=EmbeddedInventories(
                catalogue, partial(load_catalogue, settings.vigil_config)
            ),
            clock=clock,
        ),
        journal=journal,
        memory=memory,
        reasoner=author.reasoner,
        sandbox=hands.sandbox,
        switch=switch,
        locks=SqlLocks(database),
        silences=silences,
        ground=ground_of(settings),
        swarm=LightpandaSwarm(),
        swarm_memory_mb=settings.vigil_swarm_memory_mb,
        tools=tools,
        redaction=redaction,
        meanings=SqlMeanings(database, keys),
        worker=me.id,
    )
    workflow = choose_workflow(settings, me.id)
    alone = works_alone(settings)
    keeper = Keeper(
        me,
        SqlWorkers(aside, pulse=None if alone else Pulse(state / PULSES)),
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
        inbox=SqlInbox(database, keys, bus.announce),
        workflow=workflow,
        sources=known_sources(settings, clock),
        checks={
            "database": database_health,
            "browser": browser.health,
            "bus": bus.health,
            **health_of(silences),
            **health_of_redaction(redaction),
            **hands.checks,
            **author.checks,
        },
        background=(
            telemetry.scrape_forever,
            partial(measure_forever, parts),
            *bus.background,
            *hands.background,
        ),
        bus=bus,
        screenshots=screenshots,
        closing=(browser.close, *author.closing),
        crew=Crew(keeper, journal, parts.locks, workflow),
        led={Role.RETENTION: retention.forever} if keep else {},
        posting=choose_posting(settings, parts, SqlPost(database, keys, bus.announce)),
    )
    return Installation(engine=engine, memory=memory)


def _check_that_it_is_the_first(database: DatabaseEngine, state: Path) -> None:
    """New keys open nothing that was sealed before, and what they sign nobody would believe."""
    if holds_incidents(database):
        mistake = (
            f"{state / KEYS} is not there, and the record has incidents that were sealed with "
            "other keys; copy the folder from the machine that made it, or from a backup"
        )
        raise SettingsError([mistake])
