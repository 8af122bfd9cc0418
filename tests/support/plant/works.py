"""The services of the plant: their processes and releases, and how each is broken and mended."""

import asyncio
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from itertools import count
from typing import Any

from tests.support.plant.effects import BROKEN, START, STOP, EffectLog
from tests.support.plant.layout import Layout
from tests.support.plant.sessions import Databases

from vigil.domain.identity import tree_digest

STOPPING_S = 0.15
STARTING_S = 0.15
"""Long enough that a kill may fall between the call of an effect and its record."""
GOOD = "good"
BAD = "bad"


class State(IntEnum):
    """supervisor's states, under its own numbers."""

    STOPPED = 0
    STARTING = 10
    RUNNING = 20
    STOPPING = 40
    EXITED = 100


class Fault(StrEnum):
    """How a service is broken."""

    DOWN = "down"
    """Its first process ends: one restart of it is the cure."""
    RELEASE = "release"
    """A bad release goes live: one switch back and one restart of each process are the cure."""
    LEAK = "leak"
    """A session of its own holds up all others in its database: to end that one is the cure."""


def faults_of(layout: Layout, service: str) -> tuple[Fault, ...]:
    """How a service can be broken."""
    return tuple(Fault) if service in layout.with_database else (Fault.DOWN, Fault.RELEASE)


class Refused(Exception):
    """supervisor's own word for what cannot be done now, with its number."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass
class Process:
    """One process of a service, and the release that it was started with."""

    name: str
    service: str
    state: State
    pid: int
    started: float
    release: str

    def told(self) -> dict[str, Any]:
        """As supervisor tells it."""
        return {
            "name": self.name,
            "group": self.name,
            "state": int(self.state),
            "statename": self.state.name,
            "pid": self.pid,
            "start": int(self.started),
            "now": int(time.time()),
        }


class Works:
    """All services, in one event loop."""

    def __init__(self, layout: Layout, log: EffectLog) -> None:
        self._layout = layout
        self._log = log
        self.databases = Databases(layout, log)
        self._pids = count(1000)
        self._released = dict.fromkeys(layout.names, 0)
        self.processes: dict[str, Process] = {}
        for service in layout.names:
            layout.releases(service).mkdir(parents=True)
            self._release(service, GOOD)
            for name in layout.processes(service):
                self.processes[name] = self._new_process(name, service)

    # --- what users see -------------------------------------------------------------------------

    def complaint(self, service: str) -> str | None:
        """Why a service does not work; None when it does."""
        for name in self._layout.processes(service):
            process = self.processes[name]
            if process.state is not State.RUNNING:
                return f"{name} is {process.state.name}"
            if process.release.startswith(BAD):
                return f"{name} runs {process.release}"
        return self.databases.complaint(service)

    # --- what its supervisor does --------------------------------------------------------------

    def process(self, name: str) -> Process:
        if name not in self.processes:
            raise Refused(10, f"BAD_NAME: {name}")
        return self.processes[name]

    async def stop(self, name: str) -> None:
        process = self.process(name)
        if process.state not in (State.RUNNING, State.STARTING):
            raise Refused(70, f"NOT_RUNNING: {name}")
        process.state = State.STOPPING
        self._log.write(process.service, STOP, name)
        await asyncio.sleep(STOPPING_S)
        process.state, process.pid = State.STOPPED, 0

    async def start(self, name: str) -> None:
        process = self.process(name)
        if process.state in (State.RUNNING, State.STARTING):
            raise Refused(60, f"ALREADY_STARTED: {name}")
        if process.state is State.STOPPING:
            raise Refused(40, f"ABNORMAL_TERMINATION: {name}")
        self.processes[name] = self._new_process(name, process.service)
        self.processes[name].state = State.STARTING
        self._log.write(process.service, START, name)
        await asyncio.sleep(STARTING_S)
        self.processes[name].state = State.RUNNING

    def _new_process(self, name: str, service: str) -> Process:
        """It reads the release that is live now, and keeps it as long as it runs."""
        release = (self._layout.link(service) / "release").read_text()
        return Process(name, service, State.RUNNING, next(self._pids), time.time(), release)

    # --- how it is broken ----------------------------------------------------------------------

    async def break_(self, service: str, fault: Fault) -> None:
        """Break it now; nothing of this counts as an effect."""
        self._log.write(service, BROKEN, fault)
        names = self._layout.processes(service)
        if fault is Fault.LEAK:
            await self.databases.leak(service)
            return
        if fault is Fault.DOWN:
            broken = self.processes[names[0]]
            broken.state, broken.pid = State.EXITED, 0
            return
        self._release(service, BAD)
        for name in names:
            self.processes[name] = self._new_process(name, service)

    async def mend(self, service: str) -> None:
        """What its owner does by hand: a good release, and every process on it."""
        await self.databases.mend(service)
        self._release(service, GOOD)
        for name in self._layout.processes(service):
            self.processes[name] = self._new_process(name, service)

    def _release(self, service: str, quality: str) -> None:
        """Put a new release live, as a deploy tool does: a folder, a link, a line in the log."""
        self._released[service] += 1
        name = f"{quality}-{self._released[service]:04}"
        folder = self._layout.releases(service) / name
        folder.mkdir()
        (folder / "release").write_text(name)
        link = self._layout.link(service)
        previous = self._digest(link.readlink().name, service) if link.is_symlink() else None
        new = link.with_name("current.new")
        new.symlink_to(folder)
        new.replace(link)
        line = {
            "at": datetime.now(UTC).isoformat(),
            "service": service,
            "release": name,
            "digest": self._digest(name, service),
            "previous": previous,
            "by": "deploy",
        }
        with self._layout.release_log(service).open("a") as log:
            log.write(json.dumps({key: value for key, value in line.items() if value}) + "\n")

    def _digest(self, release: str, service: str) -> str:
        text = (self._layout.releases(service) / release / "release").read_bytes()
        return tree_digest([("release", text)])
