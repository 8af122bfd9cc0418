"""The locks' table. The migrations make it; a test holds the two together."""

from sqlalchemy import BigInteger, Column, MetaData, String, Table

from vigil.integrations._clients.database import UtcTime

metadata = MetaData()

locks = Table(
    "locks",
    metadata,
    Column("resource", String(255), primary_key=True),
    # A row outlives its lock: the token must grow, whoever comes next.
    Column("owner", String(128), index=True),
    Column("token", BigInteger, nullable=False),
    Column("lease_until", UtcTime),
)
