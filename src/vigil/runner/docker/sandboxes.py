"""Sandboxes by the Docker engine: made, watched, removed."""

import asyncio
import os
import time
from pathlib import Path

import structlog

from vigil.domain.errors import SandboxUnavailable
from vigil.domain.run import Health
from vigil.runner.confinement import SANDBOX_UID, Confinement, Doors
from vigil.runner.docker.container import LABEL, MORE_VISIBLE, container, place
from vigil.runner.docker.course import Course
from vigil.runner.docker.engine import Listed, connected
from vigil.runner.docker.image import image, layout
from vigil.runner.docker.wire import CALL_S
from vigil.runner.isolation import Ended, Script
from vigil.runner.output import OnLine
from vigil.runner.programs import interpreter
from vigil.runner.selfcheck import SelfCheck

DEFAULT_SOCKET = Path("/var/run/docker.sock")
_OUTLIVES_S = 5.0
"""By so much a sandbox without a runner outlives its wall time; the runner itself is never late."""
_ABANDONED_S = 3600.0
"""Longer than any script may run."""
_log = structlog.get_logger("vigil.runner.docker")


def confinements() -> tuple[Confinement, ...]:
    """A runner of root's has a user that nobody else is; any other has only itself to give."""
    own = os.geteuid()
    if own == 0:
        return (Confinement(uid=SANDBOX_UID, gives_up_root=True),)
    return (Confinement(uid=own, gives_up_root=False),)


def abandoned(found: Listed) -> bool:
    """It ended long ago, and its runner, perhaps a worker's that is gone for good, left it."""
    return found.state == "exited" and found.created < time.time() - _ABANDONED_S


class Docker:
    """See ``Isolation``; ``socket`` is the engine's, ``call_s`` the deadline of each call to it."""

    def __init__(self, doors: Doors, socket: Path = DEFAULT_SOCKET, call_s: float = CALL_S) -> None:
        self._doors = doors
        self._socket = socket
        self._call_s = call_s
        self._selfcheck = SelfCheck(doors, self.run, confinements(), MORE_VISIBLE)

    @property
    def doors(self) -> Doors:
        """See ``Isolation``."""
        return self._doors

    async def health(self) -> Health:
        """See ``Isolation``."""
        health = await self._selfcheck.health()
        if not health.ok:
            return health
        power = (
            f"by the Docker engine at {self._socket}: whoever may open that socket is root on this "
            "machine, and so is the runner"
        )
        return health.model_copy(update={"text": f"{health.text}, {power}"})

    async def passed(self) -> Confinement:
        """See ``Isolation``."""
        return await self._selfcheck.passed()

    async def sweep(self) -> None:
        """See ``Isolation``."""
        self._doors.sweep()
        try:
            async with connected(self._socket, self._call_s) as engine:
                for found in await engine.labelled(LABEL):
                    if found.labels[LABEL] == self._doors.prefix or abandoned(found):
                        await engine.remove(found.id)
        except SandboxUnavailable as absent:
            # Nothing runs without the engine, and whoever asks for something is told so.
            _log.warning("not swept", error=str(absent))

    async def run(self, script: Script, on_line: OnLine, kill: asyncio.Event) -> Ended:
        """See ``Isolation``."""
        began = time.monotonic()
        python = interpreter()
        shown = layout(() if python.folder is None else (Path(python.folder),))
        place(script, python)
        async with connected(self._socket, self._call_s) as engine:
            source = await image(engine, shown)
            life_s = script.wall_s + _OUTLIVES_S
            made = container(script, source, shown, python, life_s, engine.api)
            return await Course(engine, script, began).run(made, on_line, kill)
