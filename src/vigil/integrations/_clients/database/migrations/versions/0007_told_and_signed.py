"""What sources said last of an incident has a column, and what is not signed yet an index.

Until here the last word was the newest event of an alert; from here on not every alert is an event.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_LAST_WORDS = sa.text(
    "UPDATE incidents SET said_over = TRUE WHERE 'alert_resolved' = (SELECT kind FROM events "
    "WHERE events.incident = incidents.id AND kind IN ('opened', 'alert_joined', 'alert_resolved') "
    "ORDER BY seq DESC LIMIT 1)"
)


def upgrade() -> None:
    op.add_column(
        "incidents",
        sa.Column("said_over", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.execute(_LAST_WORDS)
    op.create_index(
        "ix_incidents_unsigned",
        "incidents",
        ["id"],
        unique=False,
        sqlite_where=sa.text("head_seq != signed_seq"),
        postgresql_where=sa.text("head_seq != signed_seq"),
    )
