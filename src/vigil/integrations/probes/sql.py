"""A read-only query gives one number that is not above a limit."""

from typing import TYPE_CHECKING

from vigil.domain.probe import SqlProbe
from vigil.integrations.probes.measured import judged
from vigil.integrations.probes.sight import Sight, failing, unknown

if TYPE_CHECKING:
    from psycopg import AsyncConnection, Error

MOST_ROWS = 2
"""One is expected; a second is fetched to notice that there are more."""

_OUR_MISTAKES = ("0A", "22", "25", "28", "2F", "3D", "3F", "42")
"""SQLSTATE classes that say that the probe is wrong: syntax, unknown names, missing rights, wrong
password or database, an attempt to write."""

_OUR_MISTAKES_AT_THE_DOOR = ("authentication failed", "no password supplied", "does not exist")
"""The same while connecting, where the driver passes on no SQLSTATE."""


async def look_at_sql(probe: SqlProbe) -> Sight:
    """Connect read-only, ask, compare."""
    try:
        # Only who has an sql probe needs the driver, which needs a C library.
        import psycopg  # noqa: PLC0415 - imported when chosen

        from vigil.integrations._clients.postgres import (  # noqa: PLC0415 - imported when chosen
            UnreadableDsn,
            password_in,
            reading_conninfo,
        )
    except ImportError:
        return unknown("The PostgreSQL driver is not installed; install 'psycopg[binary]'.")
    try:
        conninfo = reading_conninfo(probe.dsn, probe.timeout_s, "vigil-probe")
    except UnreadableDsn as error:
        return unknown(f"The probe cannot ask its question: {error}.")
    password = password_in(probe.dsn)
    try:
        async with await psycopg.AsyncConnection.connect(conninfo) as connection:
            sight = await _ask(connection, probe)
    except psycopg.Error as error:
        sight = _translated(error)
    except (OSError, ValueError) as error:
        sight = failing(f"The database cannot be reached: {type(error).__name__} {error}.")
    if password:
        return sight._replace(text=sight.text.replace(password, "***"))
    return sight


async def _ask(connection: "AsyncConnection", probe: SqlProbe) -> Sight:
    # A cursor of the server takes nothing but one reading statement, and hands out no more rows
    # than are fetched.
    async with connection.cursor("vigil_probe") as cursor:
        await cursor.execute(probe.query.encode())
        rows = await cursor.fetchmany(MOST_ROWS)
    if len(rows) != 1 or len(rows[0]) != 1:
        return unknown("The query has to return one row with one number.")
    try:
        number = float(rows[0][0])
    except (TypeError, ValueError):
        return unknown("The query has to return one number; it returned something else.")
    return judged(f"The query gives {number:g}", number, most=probe.max)


def _translated(error: "Error") -> Sight:
    words = f"{type(error).__name__} {error}"
    state = error.sqlstate
    if state is None:
        ours = any(sign in words for sign in _OUR_MISTAKES_AT_THE_DOOR)
    else:
        ours = state.startswith(_OUR_MISTAKES)
    if ours:
        return unknown(f"The probe cannot ask its question: {words}. Correct its dsn or query.")
    return failing(f"The database does not answer the query: {words}.")
