"""Processes of this machine, told apart by start time and found by what they carry (/proc)."""

import os
from pathlib import Path

from vigil.lab.names import Value

PROC = Path("/proc")
START_TIME_FIELD = 22
MOUNT_POINT_FIELD = 4
KEEPER_MODULE = b"vigil.lab.keeper"


class Identity(Value):
    """A process that cannot be mistaken for a later one with the same number."""

    pid: int
    started: int
    boot: str


def identity(pid: int) -> Identity | None:
    """None when there is no such process, or it is dead and only not yet reaped."""
    try:
        after_name = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    if after_name[0] in "ZX":
        return None
    # The first field after the name is the third of the line.
    return Identity(pid=pid, started=int(after_name[START_TIME_FIELD - 3]), boot=boot)


def alive(process: Identity) -> bool:
    return identity(process.pid) == process


def residents(state: Path) -> list[int]:
    """Every living process of the lab in this state directory: its keeper, its cage, its shop.

    The shop's processes are known by their mount table: PostgreSQL and nginx overwrite their
    command line and environment with a title, but nothing in the cage can lose the mount of its
    own state directory. A person's `tail -f` on a log is not a resident.
    """
    return [
        int(entry.name)
        for entry in PROC.iterdir()
        if entry.name.isdecimal() and _resides(entry, str(state).encode())
    ]


def _resides(entry: Path, state: bytes) -> bool:
    if identity(int(entry.name)) is None:
        return False
    try:
        arguments = (entry / "cmdline").read_bytes().split(b"\0")
        mounts = (entry / "mountinfo").read_bytes().splitlines()
    except OSError:
        return False
    holds = state in arguments and any(
        word == KEEPER_MODULE or word.endswith(b"/bwrap") for word in arguments[:4]
    )
    return holds or any(line.split()[MOUNT_POINT_FIELD] == state for line in mounts)


def running_labs() -> list[Path]:
    """The state directories that this machine's keepers hold."""
    states = (_state_of(entry) for entry in PROC.iterdir() if entry.name.isdecimal())
    return sorted({state for state in states if state is not None})


def _state_of(entry: Path) -> Path | None:
    try:
        arguments = (entry / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return None
    if KEEPER_MODULE not in arguments[:-1]:
        return None
    return Path(os.fsdecode(arguments[arguments.index(KEEPER_MODULE) + 1]))
