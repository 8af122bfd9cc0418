"""A sign of life that the kernel takes away with the process, felt on the same machine only.

Each worker holds a lock on a file of its own until the very end of its process; no clock, network
or database has a part in it. Whoever can take the lock therefore knows that the worker is dead.
Nothing less is a proof: a file that is missing or cannot be read, one of another machine or of an
earlier start of this one, a copy, or one on a file system whose locks a server keeps. A worker that
is frozen keeps its lock.
"""

import fcntl
import os
import re
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path, PurePosixPath

import structlog

log = structlog.get_logger()

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What a worker may be called whose file is looked for; names come out of a shared record."""
_LOCAL = frozenset(
    {"bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "tmpfs", "xfs", "zfs"}
)
"""File systems whose locks are this kernel's. A server may lose those that it keeps for others."""
_ESCAPED = re.compile(r"\\([0-7]{3})")
"""How the kernel writes a blank within a name."""
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_MOUNTS = Path("/proc/self/mountinfo")
_DRAFT = ".new"
_MOST = 128
"""Bytes of a file that are read: a boot id has 36, and two numbers follow."""


class Pulse:
    """The signs of life below one folder, which the workers of a machine may share."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: list[int] = []
        """Descriptors that are never closed: only the end of the process may let go of them."""

    def begin(self, worker: str) -> None:
        """Show from now on that this process lives, before anybody knows of the worker.

        Where that cannot be done the worker works all the same, and is missed after its lease.
        """
        try:
            self._begin(worker)
        except OSError as error:
            log.warning("this worker's death would be seen after its lease only", why=str(error))

    def has_stopped(self, worker: str) -> bool:
        """Whether the process of this worker has ended, for certain."""
        if _NAME.fullmatch(worker) is None:
            return False
        try:
            return _is_free(self._folder / worker)
        except OSError:
            return False

    def forget(self, known: Collection[str]) -> None:
        """Remove what the dead have left that nobody asks for any more."""
        with suppress(OSError):
            for file in self._folder.iterdir():
                if file.name not in known and _is_free(file, of_this_start=False):
                    file.unlink()

    def _begin(self, worker: str) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not is_local(self._folder.resolve(), os.fsdecode(_MOUNTS.read_bytes()).splitlines()):
            raise OSError(f"{self._folder} is on a file system whose locks prove nothing")
        # It gets its name when it is held and filled, so that nobody sees it free.
        draft = self._folder / f"{worker}{_DRAFT}"
        made = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(draft, made, 0o600)
        self._held.append(descriptor)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.write(descriptor, _sign(descriptor))
        draft.rename(self._folder / worker)


def _sign(descriptor: int) -> bytes:
    """What is in a file that somebody holds since this start: of a copy it names another one."""
    stat = os.fstat(descriptor)
    return _BOOT.read_bytes() + f"{stat.st_dev}:{stat.st_ino}".encode()


def _is_free(file: Path, *, of_this_start: bool = True) -> bool:
    """Whether nobody holds a file, of whichever start of the machine or of this one."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if of_this_start and os.read(descriptor, _MOST) != _sign(descriptor):
            return False
        # Shared: two that look at once do not take each other for the dead one.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def is_local(folder: Path, mounts: Iterable[str]) -> bool:
    """Whether locks in a folder are this kernel's own, by the lines of ``mountinfo``."""
    kind, longest = "", -1
    for line in mounts:
        mount, _, source = line.partition(" - ")
        point = PurePosixPath(_ESCAPED.sub(_character, mount.split(" ")[4]))
        # Of two at one point the later one covers the earlier one.
        if folder.is_relative_to(point) and len(point.parts) >= longest:
            kind, longest = source.split(" ")[0], len(point.parts)
    return kind in _LOCAL


def _character(escaped: re.Match[str]) -> str:
    return chr(int(escaped[1], 8))
