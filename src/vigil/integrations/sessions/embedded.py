"""Which sessions of a PostgreSQL hold up others, and who they are."""

from typing import TYPE_CHECKING, Any, LiteralString

import structlog

from vigil.domain.catalogue import Catalogue, SessionsSource
from vigil.domain.scrub import clean
from vigil.domain.telemetry import BlockingSession
from vigil.integrations._clients.deadline import GivenUp

if TYPE_CHECKING:
    from psycopg import AsyncConnection

DEADLINE_S = 3.0
MOST_SESSIONS = 20
MOST_NAME = 63
"""PostgreSQL's own bound of a name."""

log = structlog.get_logger(__name__)

MAY_WATCH: LiteralString = "select pg_has_role('pg_read_all_stats', 'usage')"
"""Without it the sessions of others look as if they did nothing."""

BLOCKING: LiteralString = """
with recursive waits (waiter, blocker) as (
    select pid, unnest(pg_blocking_pids(pid))
    from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'
), behind (waiter, blocker) as (
    select waiter, blocker from waits
    union
    select behind.waiter, waits.blocker
    from behind join waits on waits.waiter = behind.blocker
)
select a.pid || '.'
           || (extract(epoch from coalesce(a.xact_start, a.state_change)) * 1000000)::bigint,
       coalesce(a.usename, ''),
       coalesce(a.application_name, ''),
       coalesce(a.state, '') like 'idle in transaction%%',
       greatest(extract(epoch from clock_timestamp() - a.state_change), 0)::float8,
       greatest(extract(epoch from clock_timestamp() - coalesce(a.xact_start, a.state_change)),
                0)::float8,
       count(distinct behind.waiter)
from behind join pg_stat_activity as a on a.pid = behind.blocker
where not exists (select from waits where waits.waiter = behind.blocker)
group by a.pid, a.usename, a.application_name, a.state, a.state_change,
         a.xact_start
order by count(distinct behind.waiter) desc, a.pid
limit %s
"""
"""Who waits for whom, followed to those who wait for nobody. It reads views of the server only."""


class PostgresSessions:
    """Fulfils ``ports.sessions.Sessions``."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._sources = {
            name: service.telemetry.sessions for name, service in catalogue.services.items()
        }
        self._given_up = GivenUp[tuple[BlockingSession, ...]]()

    async def holding_up(self, service: str) -> tuple[BlockingSession, ...] | None:
        """Within three seconds; None when it cannot be known."""
        source = self._sources.get(service)
        if source is None:
            return None
        task = await self._given_up.wait(_look(source), DEADLINE_S)
        error = task.exception() if task is not None else TimeoutError()
        if task is None or error is not None:
            # The kind of error only: its words may quote what the server was told.
            state = getattr(error, "sqlstate", None)
            why = f"{type(error).__name__}{f' {state}' if state else ''}"
            log.warning("sessions_not_seen", service=service, on=source.on, why=why)
            return None
        return task.result()


class _MayNotWatch(Exception):
    """The role of the DSN does not see what others do; give it ``pg_monitor``."""


async def _look(source: SessionsSource) -> tuple[BlockingSession, ...]:
    # Only who watches sessions needs the driver, which needs a C library.
    import psycopg  # noqa: PLC0415 - imported when chosen

    from vigil.integrations._clients.postgres import (  # noqa: PLC0415 - imported when chosen
        reading_conninfo,
    )

    conninfo = reading_conninfo(source.dsn, DEADLINE_S, "vigil-sessions")
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        return await _ask(connection)


async def _ask(connection: "AsyncConnection[tuple[Any, ...]]") -> tuple[BlockingSession, ...]:
    may = await (await connection.execute(MAY_WATCH)).fetchone()
    if may is None or not may[0]:
        raise _MayNotWatch
    rows = await (await connection.execute(BLOCKING, [MOST_SESSIONS])).fetchall()
    return tuple(
        BlockingSession(
            id=session,
            role=clean(role, MOST_NAME),
            application=clean(application, MOST_NAME),
            idle_in_transaction=idle,
            seconds=seconds,
            transaction_s=transaction_s,
            holds_up=holds_up,
        )
        for session, role, application, idle, seconds, transaction_s, holds_up in rows
    )
