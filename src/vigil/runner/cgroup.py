"""Memory and process limits of a whole sandbox, where the runner may make control groups.

Only version 1 hierarchies are used. Everywhere else the limits per process hold alone.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from vigil.domain.value import Value
from vigil.runner.limits import Limits

_REMOVALS = 50
_REMOVE_AGAIN_S = 0.02
ROOT = Path("/sys/fs/cgroup")
_JOIN = 'for tasks in $JOIN; do echo $$ > "$tasks" || exit 125; done; unset JOIN; exec "$@"'


class Group(Value):
    """The groups of one sandbox, one folder for each controller."""

    folders: tuple[Path, ...]

    def joining(self, command: list[str]) -> tuple[list[str], Mapping[str, str]]:
        """A command that enters the groups before it becomes ``command``, and its environment.

        The shell enters and is replaced: nothing runs outside the groups, and nothing has to run
        between fork and exec of this process.
        """
        if not self.folders:
            return command, {}
        files = " ".join(str(folder / "cgroup.procs") for folder in self.folders)
        return ["/bin/sh", "-c", _JOIN, "join", *command], {"JOIN": files}


def _own_path(controller: str) -> Path | None:
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    for line in lines:
        _, names, path = line.split(":", 2)
        if controller in names.split(","):
            mounted = ROOT / controller
            # In a container the path may be that of the host, and its end is what is mounted.
            own = mounted / path.lstrip("/")
            place = own if own.is_dir() else mounted
            return place if (place / "cgroup.procs").exists() else None
    return None


def _settings(limits: Limits) -> dict[str, tuple[tuple[str, int], ...]]:
    return {
        "pids": (("pids.max", limits.processes + 4),),  # bubblewrap's own two, and prlimit
        "memory": (
            ("memory.limit_in_bytes", limits.memory_bytes),
            ("memory.memsw.limit_in_bytes", limits.memory_bytes),
        ),
    }


def _make(controller: str, values: tuple[tuple[str, int], ...], name: str) -> Path | None:
    parent = _own_path(controller)
    if parent is None or not os.access(parent, os.W_OK):
        return None
    folder = parent / name
    try:
        folder.mkdir()
        for file, value in values:
            if (folder / file).exists():  # memsw is there only with swap accounting
                (folder / file).write_text(str(value), encoding="ascii")
    except OSError:
        with contextlib.suppress(OSError):
            folder.rmdir()
        return None
    return folder


@contextlib.asynccontextmanager
async def group(name: str, limits: Limits) -> AsyncIterator[Group]:
    """Groups for one sandbox, gone afterwards; without folders where none can be made."""
    made = [_make(controller, values, name) for controller, values in _settings(limits).items()]
    folders = tuple(folder for folder in made if folder is not None)
    try:
        yield Group(folders=folders)
    finally:
        for folder in folders:
            # Busy while the kernel still counts a killed process, which takes it milliseconds.
            for _ in range(_REMOVALS):
                if _removed(folder):
                    break
                await asyncio.sleep(_REMOVE_AGAIN_S)


def _removed(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        folder.rmdir()
    return not folder.exists()


def sweep(prefix: str) -> None:
    """Remove the empty groups that a killed runner left behind."""
    for controller in ("pids", "memory"):
        parent = _own_path(controller)
        for folder in parent.glob(f"{prefix}*") if parent else ():
            _removed(folder)
