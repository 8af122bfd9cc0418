"""Connections that only read: they see one consistent state and hold up no writer."""

from typing import Any

from sqlalchemy import Engine

READING = "vigil_reading"
"""Execution option of connections that only read."""

_OPTIONS: dict[str, dict[str, Any]] = {
    "sqlite": {READING: True},
    # Otherwise PostgreSQL would show each statement what has been committed by then.
    "postgresql": {
        READING: True,
        "isolation_level": "REPEATABLE READ",
        "postgresql_readonly": True,
    },
}


def reading_options(engine: Engine) -> dict[str, Any]:
    """Execution options of a connection whose transactions write nothing."""
    return _OPTIONS[engine.dialect.name]
