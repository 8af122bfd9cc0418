"""The switch's table, for workers on several machines. The migrations make it."""

from sqlalchemy import Boolean, Column, Integer, MetaData, String, Table, Text

from vigil.integrations._clients.database import UtcTime

metadata = MetaData()

# One row, so that everybody who reads the record stops with everybody else.
switch = Table(
    "switch",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("stopped", Boolean, nullable=False),
    Column("now", Boolean, nullable=False),
    Column("by", String(200), nullable=False),
    Column("text", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
)
