"""Read files that other programs write, without trusting their size or kind."""

import os
import stat
from pathlib import Path


def read_tail(path: str, most_bytes: int) -> tuple[bytes, ...] | None:
    """The last lines of a file, or None when it is not a file that can be read.

    A first line that was cut is left out. The last one may be half written.
    """
    try:
        # Without waiting, or opening a named pipe that nobody writes to would never come back.
        handle = os.open(Path(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):  # ValueError: a path with a NUL in it
        return None
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            return None
        start = max(found.st_size - most_bytes, 0)
        try:
            file.seek(start)
            content = file.read(most_bytes)
        except OSError:
            return None
    lines = content.split(b"\n")[1 if start else 0 :]
    return tuple(line for line in lines if line.strip())
