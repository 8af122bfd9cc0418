"""What a configuration file is right now, in one word: nothing of its content is kept."""

import hashlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path

MOST_BYTES = 4 * 1024 * 1024
"""Of a longer file only the beginning is read; its length and its time stand for the rest."""
ABSENT = "absent"


def digests(paths: Iterable[str]) -> dict[str, str]:
    """By path: a digest, ``absent``, or why it cannot be read."""
    return {path: _digest(path) for path in paths}


def _digest(path: str) -> str:
    try:
        # Without waiting, or opening a named pipe that nobody writes to would never come back.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return ABSENT
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        return f"not readable: {getattr(error, 'strerror', None) or error}"
    try:
        found = os.fstat(handle)
        if stat.S_ISREG(found.st_mode):
            return _of_content(handle, found)
        # A link to a folder, as a release is: which one it is says everything.
        return f"not a file: {Path(path).resolve()}"
    except OSError as error:
        return f"not readable: {error.strerror}"
    finally:
        os.close(handle)


def _of_content(handle: int, found: os.stat_result) -> str:
    digest = hashlib.sha256()
    left = MOST_BYTES
    while left > 0 and (piece := os.read(handle, min(left, 65_536))):
        digest.update(piece)
        left -= len(piece)
    if found.st_size > MOST_BYTES:
        digest.update(f"{found.st_size} {found.st_mtime_ns}".encode())
    return f"sha256:{digest.hexdigest()}"
