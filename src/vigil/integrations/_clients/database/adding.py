"""Rows of which the first stays, in one statement."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


class Adding:
    """Adds rows to a table; where one with the same key is there already, that one stays."""

    def __init__(self, table: Table) -> None:
        # Put together once: that takes SQLAlchemy longer than SQLite to carry it out.
        self._statements = {
            "sqlite": sqlite.insert(table).on_conflict_do_nothing(),
            "postgresql": postgresql.insert(table).on_conflict_do_nothing(),
        }

    def __call__(self, connection: Connection, rows: Sequence[Mapping[str, object]]) -> None:
        """Add those that are new."""
        if rows:
            connection.execute(self._statements[connection.dialect.name], rows)
