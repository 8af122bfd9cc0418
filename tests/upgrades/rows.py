"""All rows of a record as JSON, and back into a database of either kind."""

import base64
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, Table, insert, select

from vigil.integrations._clients.database import read, write

Rows = dict[str, dict[str, dict[str, Any]]]
"""By table, and in it by primary key."""

_MADE_ANEW = ("alembic_version", "memory_runbook")
"""Tables (by the beginning of their names) that the loader or each start of Vigil fills."""


class Tables:
    """The tables that a database has, as it describes them itself: any revision's."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        metadata = MetaData()
        metadata.reflect(engine, only=lambda name, _: not name.startswith(_MADE_ANEW))
        self._tables = metadata.sorted_tables

    def dump(self) -> Rows:
        """Everything that is in them now."""
        return read(self._engine, lambda c: {table.name: _of(c, table) for table in self._tables})

    def fill(self, rows: Rows) -> None:
        """Put rows into tables that are empty; a table that is not there is a mistake."""
        assert set(rows) <= {table.name for table in self._tables}

        def work(connection: Connection) -> None:
            # In the order of what refers to what.
            for table in self._tables:
                if kept := rows.get(table.name):
                    connection.execute(insert(table), [_opened(row) for row in kept.values()])

        write(self._engine, work)


def _of(connection: Connection, table: Table) -> dict[str, dict[str, Any]]:
    found = connection.execute(select(table)).mappings()
    rows = [{name: _spelled(value) for name, value in row.items()} for row in found]
    return {_key(table, row): row for row in rows}


def _key(table: Table, row: dict[str, Any]) -> str:
    return "/".join(str(row[column.name]) for column in table.primary_key)


def _spelled(value: object) -> object:
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _opened(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: base64.b64decode(value["base64"]) if isinstance(value, dict) else value
        for name, value in row.items()
    }
