"""Rows: what a canary query counts, asked with a role that only reads."""

from vigil.domain.inventory import Item, Kind
from vigil.domain.inventory_source import Canary

TIMEOUT_S = 5.0


async def count_rows(service: str, name: str, canary: Canary) -> Item:
    """One number; whatever keeps it from being known makes it unseen, but for a table that is gone:
    whoever drops one leaves nothing to count.
    """
    rows = Item(kind=Kind.ROWS, service=service, name=name, there=None)
    try:
        number = await _counted(canary)
    except _Gone:
        return rows.model_copy(update={"there": False})
    there = None if number is None else True
    return rows.model_copy(update={"there": there, "count": number})


class _Gone(Exception):
    """There is no such table or schema."""


async def _counted(canary: Canary) -> float | None:
    try:
        # Only who has a canary query needs the driver, which needs a C library.
        import psycopg  # noqa: PLC0415 - imported when chosen

        from vigil.integrations._clients.postgres import (  # noqa: PLC0415 - imported when chosen
            UnreadableDsn,
            reading_conninfo,
        )
    except ImportError:
        return None
    try:
        conninfo = reading_conninfo(canary.dsn, TIMEOUT_S, "vigil-inventory")
        async with (
            await psycopg.AsyncConnection.connect(conninfo) as connection,
            connection.cursor("vigil_inventory") as cursor,
        ):
            # A cursor of the server takes nothing but one reading statement.
            await cursor.execute(canary.query.encode())
            rows = await cursor.fetchmany(2)
            return float(rows[0][0]) if len(rows) == 1 and len(rows[0]) == 1 else None
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as error:
        raise _Gone from error
    except (psycopg.Error, UnreadableDsn, OSError, ValueError, TypeError):
        return None
