"""Lessons are found again by what happened: service, symptom and failure type, newest first."""

import json
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

WORDS = ("service", "symptom", "failure_type")


def upgrade() -> None:
    for name, length in (("service", 64), ("symptom", 255), ("failure_type", 64), ("at", 32)):
        column = sa.Column(name, sa.String(length=length), nullable=False, server_default="")
        op.add_column("memory_lessons", column)
    op.create_index("ix_memory_lessons_like", "memory_lessons", [*WORDS, "at"], unique=False)
    _find_what_is_there()


def _find_what_is_there() -> None:
    """Lessons from before this revision say in their document what the columns say now."""
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT incident, attempt, document FROM memory_lessons"))
    for incident, attempt, document in rows.all():
        lesson = json.loads(document)
        connection.execute(
            sa.text(
                "UPDATE memory_lessons SET service = :service, symptom = :symptom, "
                "failure_type = :failure_type, at = :at "
                "WHERE incident = :incident AND attempt = :attempt"
            ),
            {
                **{word: lesson[word] for word in WORDS},
                "at": _moment(lesson["at"]),
                "incident": incident,
                "attempt": attempt,
            },
        )


def _moment(text: str) -> str:
    """As columns hold it: UTC, to the microsecond, so that text sorts as time does."""
    return datetime.fromisoformat(text).astimezone(UTC).isoformat(timespec="microseconds")
