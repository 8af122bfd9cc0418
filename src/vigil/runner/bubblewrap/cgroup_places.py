"""Where the kernel lets this process make control groups, and what is written into one.

Version 1 of the kernel's interface has a hierarchy of folders for each controller, version 2 one
for all of them. Where both are mounted, the controllers are in one of the two.
"""

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from vigil.domain.value import Value
from vigil.runner.limits import Limits

_PERIOD_US = 100_000
OWN_PROCESSES = 2
"""Of a sandbox, beside those of its script: bubblewrap outside and inside."""


class Setting(Value):
    """A file of a group, and what is written into it."""

    file: str
    value: str
    needed: bool = True
    """Without it the group is of no use."""


class Place(Value):
    """A folder in which a group can be made."""

    parent: Path
    settings: tuple[Setting, ...]


class Hierarchies(Value):
    """What of the kernel's interface this process finds; tests give it a tree of their own."""

    root: Path = Path("/sys/fs/cgroup")
    membership: Path = Path("/proc/self/cgroup")

    @property
    def version(self) -> int | None:
        """Of the interface by which memory is bounded here; None where it cannot be."""
        if self._v1("memory") is not None:
            return 1
        return 2 if self._v2() is not None else None

    def places(self, limits: Limits) -> Iterator[Place]:
        """Every place in which a group for ``limits`` has to be made, each once."""
        seen = set()
        for controller, settings in _v1_settings(limits).items():
            parent = self._v1(controller)
            # The processor's two controllers are often mounted as one.
            if parent is not None and parent.resolve() not in seen:
                seen.add(parent.resolve())
                yield Place(parent=parent, settings=settings)
        unified = self._v2()
        if unified is not None and self._v1("memory") is None:
            yield Place(parent=unified, settings=_v2_settings(limits))

    def _own_paths(self) -> Iterator[tuple[str, str]]:
        """Controllers and path of each line that says which groups this process is in."""
        with contextlib.suppress(OSError):
            for line in self.membership.read_text(encoding="utf-8").splitlines():
                _, names, path = line.split(":", 2)
                yield names, path

    def _v1(self, controller: str) -> Path | None:
        for names, path in self._own_paths():
            if controller in names.split(","):
                mounted = self.root / controller
                # In a container the path may be that of the host, and its end is what is mounted.
                own = mounted / path.lstrip("/")
                return _writable(own if own.is_dir() else mounted)
        return None

    def _v2(self) -> Path | None:
        """A group whose children get limits of memory and processes.

        The kernel allows that only to a group that has no process of its own, so the runner has to
        be in one of the children: systemd makes it so with ``Delegate=memory pids cpu`` and
        ``DelegateSubgroup=runner``.
        """
        for names, path in self._own_paths():
            if names == "":
                own = self.root / path.lstrip("/")
                for place in (own, own.parent) if own != self.root else (own,):
                    if {"memory", "pids"} <= _given_on(place):
                        return _writable(place)
        return None


HOST = Hierarchies()


def _given_on(place: Path) -> set[str]:
    """The controllers that the children of a group of version 2 have."""
    with contextlib.suppress(OSError):
        return set((place / "cgroup.subtree_control").read_text(encoding="ascii").split())
    return set()


def _writable(folder: Path) -> Path | None:
    usable = (folder / "cgroup.procs").exists() and os.access(folder, os.W_OK)
    return folder if usable else None


def _v1_settings(limits: Limits) -> Mapping[str, tuple[Setting, ...]]:
    memory = str(limits.memory_bytes)
    return {
        "pids": (Setting(file="pids.max", value=str(limits.processes + OWN_PROCESSES)),),
        "memory": (
            Setting(file="memory.limit_in_bytes", value=memory),
            # There only with swap accounting.
            Setting(file="memory.memsw.limit_in_bytes", value=memory, needed=False),
        ),
        "cpu": (
            Setting(file="cpu.cfs_period_us", value=str(_PERIOD_US)),
            Setting(file="cpu.cfs_quota_us", value=str(int(limits.cpus * _PERIOD_US))),
        ),
        "cpuacct": (),
    }


def _v2_settings(limits: Limits) -> tuple[Setting, ...]:
    quota = f"{int(limits.cpus * _PERIOD_US)} {_PERIOD_US}"
    return (
        Setting(file="pids.max", value=str(limits.processes + OWN_PROCESSES)),
        Setting(file="memory.max", value=str(limits.memory_bytes)),
        # There only with swap, and only where the processor is given on as well.
        Setting(file="memory.swap.max", value="0", needed=False),
        Setting(file="cpu.max", value=quota, needed=False),
    )
