"""The control groups of one sandbox: made, entered, read and removed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from vigil.domain.plan import PeakUse
from vigil.domain.value import Value
from vigil.runner.bubblewrap.cgroup_places import HOST, Hierarchies, Place
from vigil.runner.limits import Limits

_JOIN = 'for door in $JOIN; do echo 0 > "$door" || exit 125; done; unset JOIN; exec "$@"'
_REMOVAL_WAITS_S = (0.001, 0.002, 0.004, 0.008, *[0.02] * 50)
"""A folder is busy while the kernel still counts a killed process, which takes it milliseconds."""


class Group(Value):
    """The groups of one sandbox: a folder for each controller, or one for all."""

    folders: tuple[Path, ...] = ()

    def joining(self, command: list[str]) -> tuple[list[str], Mapping[str, str]]:
        """A command that enters the groups before it becomes ``command``, and its environment.

        The shell enters and is replaced: nothing runs outside the groups, and nothing has to run
        between fork and exec of this process.
        """
        if not self.folders:
            return command, {}
        files = " ".join(str(_door(folder)) for folder in self.folders)
        return ["/bin/sh", "-c", _JOIN, "join", *command], {"JOIN": files}

    @property
    def bounds_memory(self) -> bool:
        """Whether the memory of the whole is bounded."""
        return self._read("memory.limit_in_bytes", "memory.max") is not None

    @property
    def peak(self) -> PeakUse:
        """What was used at most until now, by the script and by what makes its sandbox."""
        return PeakUse(
            memory_bytes=self._number(
                "memory.memsw.max_usage_in_bytes", "memory.max_usage_in_bytes", "memory.peak"
            ),
            processes=self._number("pids.peak"),
            cpu_s=self._cpu_s(),
        )

    @property
    def out_of_memory(self) -> bool:
        """Whether the kernel has killed a process of it for the memory of the whole."""
        names = ("memory.oom_control", "memory.events")
        return any(self._counted(name, "oom_kill") for name in names)

    def _cpu_s(self) -> float | None:
        nanoseconds = self._number("cpuacct.usage")
        if nanoseconds is not None:
            return round(nanoseconds / 1e9, 3)
        microseconds = self._counted("cpu.stat", "usage_usec")
        return None if microseconds is None else round(microseconds / 1e6, 3)

    def _read(self, *names: str) -> str | None:
        """The first of these files that is there, in whichever folder."""
        for name in names:
            for folder in self.folders:
                with contextlib.suppress(OSError):
                    return (folder / name).read_text(encoding="ascii")
        return None

    def _number(self, *names: str) -> int | None:
        text = (self._read(*names) or "").strip()
        return int(text) if text.isdecimal() else None

    def _counted(self, name: str, key: str) -> int | None:
        """From a file whose every line is a name and a number."""
        for line in (self._read(name) or "").splitlines():
            found, _, number = line.partition(" ")
            if found == key and number.isdecimal():
                return int(number)
        return None


def _door(folder: Path) -> Path:
    # A thread that moves itself takes no lock that all the machine's processes have to let go of,
    # for which the kernel may wait tens of milliseconds; version 2 knows only whole processes.
    thread = folder / "tasks"
    return thread if thread.exists() else folder / "cgroup.procs"


@contextlib.asynccontextmanager
async def group(name: str, limits: Limits, hierarchies: Hierarchies = HOST) -> AsyncIterator[Group]:
    """Groups for one sandbox, gone afterwards; without folders where none can be made."""
    folders: list[Path] = []
    try:
        for place in hierarchies.places(limits):
            folder = _made(place, name)
            if folder is not None:
                folders.append(folder)
        yield Group(folders=tuple(folders))
    finally:
        for folder in folders:
            for wait_s in _REMOVAL_WAITS_S:
                if _removed(folder):
                    break
                await asyncio.sleep(wait_s)


def sweep(prefix: str, hierarchies: Hierarchies = HOST) -> None:
    """Remove the empty groups that a killed runner left behind."""
    for place in hierarchies.places(Limits()):
        for folder in place.parent.glob(f"{prefix}*"):
            _removed(folder)


def _made(place: Place, name: str) -> Path | None:
    folder = place.parent / name
    try:
        folder.mkdir()
        for setting in place.settings:
            try:
                (folder / setting.file).write_text(setting.value, encoding="ascii")
            except OSError:
                if setting.needed:
                    raise
    except OSError:
        _removed(folder)
        return None
    return folder


def _removed(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        folder.rmdir()
    return not folder.exists()
