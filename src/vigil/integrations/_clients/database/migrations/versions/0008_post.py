"""What people outside are told has tables: messages, and how far each channel has read."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "post_channels",
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("since", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("channel"),
    )
    op.create_table(
        "post_read",
        sa.Column("incident", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["incident"], ["incidents.id"]),
        sa.PrimaryKeyConstraint("incident", "channel"),
    )
    _messages()


def _messages() -> None:
    op.create_table(
        "post",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            autoincrement=True,
        ),
        sa.Column("incident", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("place", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("deed", sa.String(length=16), nullable=False),
        sa.Column("said_at", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.String(length=32), nullable=False),
        sa.Column("settled_at", sa.String(length=32)),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("remote", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["incident"], ["incidents.id"]),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("incident", "channel", "place", "key", "deed", name="uq_post_message"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_post_due", "post", ["channel", "state", "due_at"], unique=False)
