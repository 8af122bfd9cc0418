"""Runbooks and lessons, with the database's own text index over the runbooks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0003"
down_revision = "0002"

RUNBOOK_TEXT = """
CREATE VIRTUAL TABLE IF NOT EXISTS memory_runbook_text USING fts5(
    origin UNINDEXED, runbook UNINDEXED, title, keywords, failure_types, body,
    tokenize = 'porter unicode61 remove_diacritics 2'
)
"""


def upgrade() -> None:
    op.create_table(
        "memory_lessons",
        sa.Column("incident", sa.String(length=64), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("service_kind", sa.String(length=64), nullable=False),
        sa.Column("runbook", sa.String(length=200), nullable=True),
        sa.Column("runbook_digest", sa.String(length=80), nullable=True),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("incident", "attempt"),
    )
    op.create_index(
        "ix_memory_lessons_runbook",
        "memory_lessons",
        ["runbook", "runbook_digest", "service_kind"],
        unique=False,
    )
    op.create_table(
        "memory_runbooks",
        sa.Column("origin", sa.String(length=200), nullable=False),
        sa.Column("runbook", sa.String(length=200), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("origin", "runbook"),
    )

    if op.get_bind().dialect.name == "sqlite":
        op.execute(RUNBOOK_TEXT)
    else:
        _runbook_words()


def _runbook_words() -> None:
    op.create_table(
        "memory_runbook_text",
        sa.Column("origin", sa.String(length=200), nullable=False),
        sa.Column("runbook", sa.String(length=200), nullable=False),
        sa.Column("words", TSVECTOR(), nullable=False),
        sa.PrimaryKeyConstraint("origin", "runbook"),
    )
    op.create_index(
        "ix_memory_runbook_text_words",
        "memory_runbook_text",
        ["words"],
        unique=False,
        postgresql_using="gin",
    )
