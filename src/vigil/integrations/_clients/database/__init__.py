"""The one database: how it is opened, migrated and written to.

Adapters of several ports keep their tables in it. They do not know each other, so the migrations
live here, in one line of revisions.
"""

from vigil.integrations._clients.database.adding import Adding
from vigil.integrations._clients.database.columns import UtcTime
from vigil.integrations._clients.database.connect import open_engine
from vigil.integrations._clients.database.exclusive import (
    alone_in,
    exclusively,
    try_exclusively,
)
from vigil.integrations._clients.database.migrate import migrate
from vigil.integrations._clients.database.sole import only_process
from vigil.integrations._clients.database.text import storable
from vigil.integrations._clients.database.transaction import read, reading, write

__all__ = [
    "Adding",
    "UtcTime",
    "alone_in",
    "exclusively",
    "migrate",
    "only_process",
    "open_engine",
    "read",
    "reading",
    "storable",
    "try_exclusively",
    "write",
]
