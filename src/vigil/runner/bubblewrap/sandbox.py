"""Run one script in bubblewrap to its end, or to its limit, and leave nothing of it."""

import asyncio
import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from vigil.domain.errors import SandboxUnavailable
from vigil.domain.run import Health
from vigil.runner import landlock
from vigil.runner.bubblewrap.cgroup import Group, group, sweep
from vigil.runner.bubblewrap.cgroup_places import HOST
from vigil.runner.bubblewrap.command import Handed, Inside, command
from vigil.runner.bubblewrap.lifetime import Start, first_process, lived
from vigil.runner.confinement import Confinement, Doors, choices
from vigil.runner.inner import SCRIPT
from vigil.runner.isolation import End, Ended, Script
from vigil.runner.limits import MIB, Limits
from vigil.runner.output import OnLine
from vigil.runner.programs import (
    BROKER,
    CLIENT,
    CLIENT_SOURCE,
    LAUNCHER,
    PROXY,
    interpreter,
    launcher_text,
)
from vigil.runner.seccomp import filter_program, in_memory
from vigil.runner.selfcheck import SelfCheck

_MEMORY = Path("/proc/meminfo")
_UNTRIED = "(written after the kernel's documentation, and tried on an imitation only)"


class Bubblewrap:
    """Sandboxes of bubblewrap; see ``Isolation``."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._selfcheck = SelfCheck(doors, self.run, choices())

    @property
    def doors(self) -> Doors:
        """See ``Isolation``."""
        return self._doors

    async def health(self) -> Health:
        """See ``Isolation``."""
        health = await self._selfcheck.health()
        facts = f"; {landlock.told()}; {_told_groups()}" if health.ok else ""
        return health.model_copy(update={"text": f"{health.text}{facts}"})

    async def passed(self) -> Confinement:
        """See ``Isolation``."""
        return await self._selfcheck.passed()

    async def run(self, script: Script, on_line: OnLine, kill: asyncio.Event) -> Ended:
        """See ``Isolation``."""
        started = time.monotonic()
        async with group(script.broker.parent.name, script.limits) as limited:
            limits = bounded(script.limits, limited, _memory_bytes())
            with _inside(script) as inside, first_process() as first:
                words = command(limits, inside, script.wall_s, first.telling)
                words, environment = limited.joining([*script.confinement.prefix, *words])
                start = Start(
                    words=words,
                    environment=environment,
                    descriptors=(*inside.descriptors, first.telling),
                )
                end, code, tail = await lived(start, first, script, on_line, kill)
            if end is End.EXITED and code != 0 and limited.out_of_memory:
                end = End.OUT_OF_MEMORY
            peak = limited.peak
        return Ended(
            end=end,
            exit_code=code if end is End.EXITED else None,
            output=tail.text,
            seconds=round(time.monotonic() - started, 3),
            peak=peak,
        )

    async def sweep(self) -> None:
        """See ``Isolation``."""
        self._doors.sweep()
        sweep(self._doors.prefix)


def bounded(limits: Limits, limited: Group, memory_bytes: int) -> Limits:
    """The limits that bound a sandbox as a whole, on a machine with so much memory.

    :raises SandboxUnavailable: nothing does that here.
    """
    if limited.bounds_memory:
        return limits
    smaller = limits.without_group()
    if smaller.whole_bytes * 2 > memory_bytes:
        raise SandboxUnavailable(
            "no control group bounds the memory of a sandbox, and without one it may take "
            f"{smaller.whole_bytes // MIB} MB, more than half of what this machine has: give the "
            "runner a group whose children get memory and pids (systemd: Delegate=memory pids "
            "cpu, DelegateSubgroup=runner)"
        )
    return smaller


def _memory_bytes() -> int:
    """Of this machine; 0 where nobody says."""
    for line in _MEMORY.read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(":")
        if name == "MemTotal":
            return int(value.split()[0]) * 1024
    return 0


def _told_groups() -> str:
    version = HOST.version
    if version is None:
        most = Limits().without_group()
        each = most.address_space_bytes // MIB
        return f"no control group: {most.processes} processes of {each} MB each bound the whole"
    tried = "" if version == 1 else f" {_UNTRIED}"
    return f"control groups version {version}{tried}"


@contextlib.contextmanager
def _inside(script: Script) -> Iterator[Inside]:
    python = interpreter()
    contents = {
        SCRIPT: script.text.encode(),
        CLIENT: CLIENT_SOURCE.read_bytes(),
        LAUNCHER: launcher_text(python).encode(),
        **{file.path: file.content for file in script.files},
    }
    sockets = [(script.broker, BROKER), *([(script.proxy, PROXY)] if script.proxy else [])]
    program = filter_program(loopback=script.proxy is not None)
    with contextlib.ExitStack() as opened:
        seccomp = opened.enter_context(in_memory("seccomp", program))
        files = [
            Handed(
                descriptor=opened.enter_context(in_memory(Path(path).name, content)),
                path=path,
                mode="0555" if path == LAUNCHER else "0444",
            )
            for path, content in contents.items()
        ]
        yield Inside(python=python, seccomp=seccomp, files=tuple(files), sockets=tuple(sockets))
