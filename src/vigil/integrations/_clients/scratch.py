"""A temporary folder that does not outlive its owner for long, however that one ends.

Whoever makes one holds a lock on it, which the kernel takes back when a process is killed. So the
next one who makes one can tell what nobody needs any more, also where processes cannot see each
other, and removes it.
"""

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path

from vigil.domain.errors import LockHeld
from vigil.flock import locked

PREFIX = "vigil-tmp-"
"""Short, as a socket in it has a short name, too."""
YOUNG_S = 60.0
"""Seconds in which a folder that was only just made has been locked."""


class Scratch:
    """One such folder, which only its owner can enter."""

    def __init__(self) -> None:
        """Make it, and remove what others left."""
        _sweep(Path(tempfile.gettempdir()))
        self._folder = tempfile.TemporaryDirectory(prefix=PREFIX)
        self.path = Path(self._folder.name)
        self._held = contextlib.ExitStack()
        self._held.enter_context(locked(self.path, f"{self.path} was taken by somebody else"))

    def remove(self) -> None:
        """It is not needed any more."""
        self._folder.cleanup()
        self._held.close()


def _sweep(place: Path) -> None:
    """Remove what was made by this user, some time ago, and is held by nobody."""
    for folder in place.glob(f"{PREFIX}*"):
        # Another one may be removing it as well.
        with contextlib.suppress(LockHeld, OSError):
            about = folder.lstat()
            if about.st_uid != os.geteuid() or time.time() - about.st_mtime < YOUNG_S:
                continue
            if not folder.is_symlink():
                with locked(folder, f"{folder} is in use"):
                    shutil.rmtree(folder)
