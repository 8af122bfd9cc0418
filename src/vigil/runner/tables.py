"""The ledger's tables. The runner makes them itself: it may be far from Vigil's own record."""

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

SHARED_PREFIX = "runner_"
"""In a database where others keep tables too."""


class Tables:
    """What a runner writes down; the names are those of a file of its own, or have a prefix."""

    def __init__(self, prefix: str = "") -> None:
        self.metadata = MetaData()
        self.runs = Table(
            f"{prefix}runs",
            self.metadata,
            Column("run_key", Text, primary_key=True),
            Column("plan_digest", Text, nullable=False),
            Column("action", Text, nullable=False),
            Column("begun_at", Text, nullable=False),
            Column("ended_at", Text),
            Column("result", Text),
        )
        self.effects = Table(
            f"{prefix}effects",
            self.metadata,
            # That of its run, and its place among the calls of the script.
            Column("key", Text, primary_key=True),
            Column("call", Text, nullable=False),
            Column("before", Text, nullable=False),
            Column("begun_at", Text, nullable=False),
            Column("done_at", Text),
            Column("outcome", Text),
        )
        self.calls = Table(
            f"{prefix}calls",
            self.metadata,
            Column("id", Integer, primary_key=True),
            Column("run_key", Text, nullable=False),
            Column("at", Text, nullable=False),
            Column("record", Text, nullable=False),
        )
        self.rates = Table(
            f"{prefix}rates",
            self.metadata,
            # Of a service: its name, a slash and the grant's.
            Column("grant_name", Text, primary_key=True),
            # When effects began under it: JSON, no more of them than it allows within its hour.
            Column("begun_at", Text, nullable=False),
        )
        self.fences = Table(
            f"{prefix}fences",
            self.metadata,
            Column("resource", Text, primary_key=True),
            # The highest that was seen.
            Column("token", BigInteger, nullable=False),
        )
