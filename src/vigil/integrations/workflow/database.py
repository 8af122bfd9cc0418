"""Where DBOS keeps its history: in a file of its own, or in a schema beside the record."""

from typing import Any

from sqlalchemy import Engine, create_engine, event

from vigil.integrations._clients.database.postgres import Limits, postgres_engine
from vigil.integrations._clients.database.urls import file_of, is_sqlite, parse

IN_POSTGRES = Limits(connections=5, statement_s=300, lock_s=0)
"""Pools are apart, so that neither the record nor the history can use up the other's connections.
DBOS begins anew what a broken connection interrupted, for as long as it takes, but takes a
statement that was cancelled for the failure of its segment: so the limit is far away.
"""


def open_history(url: str) -> Engine:
    """An engine for ``sqlite:///PATH`` or ``postgresql://...``; DBOS makes its own tables."""
    parsed = parse(url)
    if not is_sqlite(parsed):
        return postgres_engine(parsed, IN_POSTGRES)
    engine = create_engine(f"sqlite:///{file_of(parsed)}", hide_parameters=True)
    event.listen(engine, "connect", _write_ahead)
    return engine


def _write_ahead(connection: Any, _record: object) -> None:  # noqa: ANN401 - the raw driver
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA busy_timeout=10000")
