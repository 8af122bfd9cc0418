"""Whether a database in a file can still grow: reading goes on without room, and so looks well."""

import os

from sqlalchemy import Engine

from vigil.domain.errors import PortUnavailable
from vigil.integrations._clients.database.urls import file_of, is_sqlite

LEAST_BYTES = 4 * 1024 * 1024
"""SQLite writes about as much beside the file before it writes into it."""


def check_room(engine: Engine) -> None:
    """Nothing for a server, which looks after its own disk. ``PortUnavailable``: it is full."""
    if not is_sqlite(engine.url):
        return
    file = file_of(engine.url)
    disk = os.statvfs(file.parent)
    free = disk.f_bavail * disk.f_frsize
    if free < LEAST_BYTES:
        raise PortUnavailable(
            f"the disk of {file} is full ({free // 1024} KiB are left): nothing can be recorded, "
            "so nothing is begun; make room on it"
        )
