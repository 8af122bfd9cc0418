"""Unix sockets below folders of any depth, and who is at their other end."""

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BACKLOG = 16
_CREDENTIALS = struct.Struct("3i")


@contextmanager
def short_path(path: Path) -> Iterator[str]:
    """A name for ``path`` that fits: a socket's address holds 107 bytes, a folder's path any."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def listening(path: Path, owner: int | None = None) -> socket.socket:
    """A socket that listens at ``path`` and that only its owner (or root) may connect to.

    It appears there only once it listens, in place of one that a killed process left.
    """
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with short_path(new) as name:
            opened.bind(name)
        new.chmod(0o600)
        if owner is not None:
            os.chown(new, owner, -1)
        opened.listen(_BACKLOG)
        new.replace(path)
        opened.settimeout(0)  # asyncio wants it not to block
    except OSError:
        opened.close()
        raise
    return opened


def peer_uid(connected: socket.socket) -> int:
    """The user at the other end, as the kernel knows it."""
    raw = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, _ = _CREDENTIALS.unpack(raw)
    return int(uid)
