"""Locks between processes, on a file or a folder: the kernel takes them back when a process ends.

However it ends: nothing has to be cleaned up after a crash, and the file may stay. Each ``with``
opens the file anew, so threads of one process keep each other out as processes do. A child that
this process starts gets none of its locks.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vigil.domain.errors import LockHeld

_LOOKS_AGAIN_S = 0.01
"""The kernel wakes whoever waits for a lock without end, and nobody who waits for a while."""


@contextmanager
def locked(path: Path, taken: str) -> Iterator[None]:
    """Hold it as long as this is entered; ``LockHeld``, with these words, when somebody does.

    A file is made where there is none, for its owner only; a folder has to be there.
    """
    with _opened(path) as descriptor:
        if not _try(descriptor, fcntl.LOCK_EX):
            raise LockHeld(taken)
        yield


@contextmanager
def awaited(path: Path, within_s: float) -> Iterator[None]:
    """The same, once whoever holds it lets go; ``LockHeld`` when that takes longer."""
    until = time.monotonic() + within_s
    with _opened(path) as descriptor:
        while not _try(descriptor, fcntl.LOCK_EX):
            if time.monotonic() >= until:
                raise LockHeld(
                    f"another process has held {path} for {within_s:g} s; see which one does "
                    f"(`fuser {path}`) and end it"
                )
            time.sleep(_LOOKS_AGAIN_S)
        yield


def is_held(path: Path) -> bool:
    """Whether somebody holds it; a file that is not there is held by nobody."""
    try:
        with _opened(path, make=0) as descriptor:
            return not _try(descriptor, fcntl.LOCK_SH)
    except FileNotFoundError:
        return False


@contextmanager
def _opened(path: Path, make: int = os.O_CREAT) -> Iterator[int]:
    kind = os.O_DIRECTORY if path.is_dir() else make
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | kind, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _try(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
