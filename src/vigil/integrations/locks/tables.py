"""The locks' table. The migrations make it; a test holds the two together."""

from sqlalchemy import BigInteger, Column, MetaData, String, Table, Text

from vigil.integrations._clients.database import UtcTime

metadata = MetaData()

locks = Table(
    "locks",
    metadata,
    Column("resource", String(255), primary_key=True),
    # A row outlives its lock: the token must grow, whoever comes next.
    Column("owner", String(128), index=True),
    # The worker that runs the owner's segment; None once that worker has been given up.
    Column("holder", String(64), index=True),
    Column("token", BigInteger, nullable=False),
    Column("lease_until", UtcTime),
)

# Owners that were told no, in the order in which they first asked.
waiting = Table(
    "lock_waiters",
    metadata,
    Column("owner", String(128), primary_key=True),
    Column("since", UtcTime, nullable=False),
    # JSON array of what it wants.
    Column("resources", Text, nullable=False),
)
