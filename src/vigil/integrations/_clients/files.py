"""Files read without trusting their size or kind, and files made whole or not at all."""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
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


def place_once(path: Path, data: bytes, *, mode: int) -> None:
    """Make the file with all its content, or leave the one that is there.

    The link is what decides between two processes; a file opened with O_EXCL under its own name
    could be read by the loser before the winner has written to it, or stay empty after a crash.
    """
    if path.exists():
        return
    with _draft(path, data, mode) as draft:
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            return
        finally:
            draft.unlink()
    sync_folder(path.parent)


def replace(path: Path, data: bytes) -> None:
    """Put new content in the place of a file, or make it; a reader sees all of it or the old one.

    Only its owner may read or write what is made.
    """
    with _draft(path, data, 0o600) as draft:
        draft.replace(path)
    sync_folder(path.parent)


@contextmanager
def _draft(path: Path, data: bytes, mode: int) -> Iterator[Path]:
    """The content on disk under a name that no other writer uses; gone when it cannot be used.

    What a crash leaves of it is in nobody's way.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield draft
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Have on disk which files there are in it."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
