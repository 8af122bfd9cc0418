"""Memory's tables. The migrations make them; a test holds the two together."""

from sqlalchemy import Column, Connection, Index, Integer, MetaData, String, Table, Text, text
from sqlalchemy.dialects.postgresql import TSVECTOR

from vigil.integrations._clients.database import UtcTime

metadata = MetaData()

runbooks = Table(
    "memory_runbooks",
    metadata,
    # Whose runbooks these are: a directory, or a vendor. One origin's ingestion leaves the
    # others alone.
    Column("origin", String(200), primary_key=True),
    Column("runbook", String(200), primary_key=True),
    Column("document", Text, nullable=False),
)

lessons = Table(
    "memory_lessons",
    metadata,
    Column("incident", String(64), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("service", String(64), nullable=False, server_default=""),
    Column("service_kind", String(64), nullable=False),
    Column("symptom", String(255), nullable=False, server_default=""),
    Column("failure_type", String(64), nullable=False, server_default=""),
    Column("runbook", String(200)),
    Column("runbook_digest", String(80)),
    Column("outcome", String(32), nullable=False),
    Column("at", UtcTime, nullable=False, server_default=""),
    Column("document", Text, nullable=False),
    Index("ix_memory_lessons_like", "service", "symptom", "failure_type", "at"),
    Index("ix_memory_lessons_runbook", "runbook", "runbook_digest", "service_kind"),
)

# What finds runbooks by their words is of each database's own kind, so no part of the metadata.
# `porter` finds "releases" for "release".
RUNBOOK_TEXT = """
CREATE VIRTUAL TABLE IF NOT EXISTS memory_runbook_text USING fts5(
    origin UNINDEXED, runbook UNINDEXED, title, keywords, failure_types, body,
    tokenize = 'porter unicode61 remove_diacritics 2'
)
"""

postgres_metadata = MetaData()

runbook_words = Table(
    "memory_runbook_text",
    postgres_metadata,
    Column("origin", String(200), primary_key=True),
    Column("runbook", String(200), primary_key=True),
    Column("words", TSVECTOR, nullable=False),
    Index("ix_memory_runbook_text_words", "words", postgresql_using="gin"),
)


def create_tables(connection: Connection) -> None:
    """Make the tables and the text index where they are missing."""
    metadata.create_all(connection)
    if connection.dialect.name == "sqlite":
        connection.execute(text(RUNBOOK_TEXT))
    else:
        postgres_metadata.create_all(connection)
