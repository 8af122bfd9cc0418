"""The workers' tables. The migrations make them; a test holds the two together."""

from sqlalchemy import Boolean, Column, Integer, MetaData, String, Table, Text

from vigil.integrations._clients.database import UtcTime

metadata = MetaData()

workers = Table(
    "workers",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("version", String(32), nullable=False),
    Column("started_at", UtcTime, nullable=False),
    # For people. Whether a worker lives is told by its beats, which no clock that jumps can fake.
    Column("seen_at", UtcTime, nullable=False),
    Column("beat", Integer, nullable=False),
    Column("draining", Boolean, nullable=False),
    # Given up for dead; its row stays until nothing of its work is left.
    Column("dead", Boolean, nullable=False),
)

# What only one worker does at a time, such as watching.
roles = Table(
    "roles",
    metadata,
    Column("role", String(32), primary_key=True),
    Column("worker", String(64)),
)
