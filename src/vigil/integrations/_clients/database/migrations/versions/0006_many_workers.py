"""Several workers on one record: claims, leases with holders, an inbox, and the switch for all.

Locks that a former version left are nobody's to renew: their holder is unknown, so the next run of
their owner takes them over.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    _incidents()
    op.add_column("outbox", sa.Column("turn", sa.Integer(), nullable=False, server_default="1"))
    _inbox()
    _locks()
    _workers()
    _switch()


def _incidents() -> None:
    for column in (
        sa.Column("expires_at", sa.String(length=32)),
        sa.Column("cancelled_by", sa.Text()),
        sa.Column("claim", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("claimed_by", sa.String(length=64)),
        sa.Column("version", sa.Integer(), nullable=False, server_default="0"),
    ):
        op.add_column("incidents", column)
    for name in ("claimed_by", "closed_at", "expires_at"):
        op.create_index(f"ix_incidents_{name}", "incidents", [name], unique=False)


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            autoincrement=True,
        ),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Text()),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    columns = ["source", "failed", "id", "at", "size"]
    op.create_index("ix_inbox_line", "inbox", columns, unique=False)


def _locks() -> None:
    op.add_column("locks", sa.Column("holder", sa.String(length=64)))
    op.create_index(op.f("ix_locks_holder"), "locks", ["holder"], unique=False)
    op.create_table(
        "lock_waiters",
        sa.Column("owner", sa.String(length=128), nullable=False),
        sa.Column("since", sa.String(length=32), nullable=False),
        sa.Column("resources", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("owner"),
    )


def _workers() -> None:
    op.create_table(
        "workers",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("started_at", sa.String(length=32), nullable=False),
        sa.Column("seen_at", sa.String(length=32), nullable=False),
        sa.Column("beat", sa.Integer(), nullable=False),
        sa.Column("draining", sa.Boolean(), nullable=False),
        sa.Column("dead", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "roles",
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("worker", sa.String(length=64)),
        sa.PrimaryKeyConstraint("role"),
    )


def _switch() -> None:
    op.create_table(
        "switch",
        sa.Column("one", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("stopped", sa.Boolean(), nullable=False),
        sa.Column("now", sa.Boolean(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("one"),
    )
