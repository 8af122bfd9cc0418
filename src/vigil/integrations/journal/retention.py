"""What closed incidents said is erased after its time; that they happened stays provable.

Of a closed incident there stay its row, its chain of events with the digests, the answers of
people, and the lesson. Payloads, stage outputs, and what only a repetition or a replay would need,
go.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Column, Connection, Engine, and_, delete, exists, or_, select
from sqlalchemy.sql.elements import ColumnElement

from vigil.domain.value import Instant
from vigil.integrations._clients.database import read, write
from vigil.integrations._clients.database.erasing import overwrite_erased
from vigil.integrations.journal.chain import erase
from vigil.integrations.journal.keys import Keys
from vigil.integrations.journal.rows import get_incident
from vigil.integrations.journal.tables import (
    deliveries,
    delivery_ids,
    executions,
    inbox,
    incidents,
    outbox,
    outputs,
    payloads,
    post,
    post_read,
)
from vigil.ports.clock import Clock
from vigil.ports.inbox import REMEMBERED

log = structlog.get_logger()

EVERY_S = 3600.0
AT_ONCE = 100
"""Rows that one transaction erases, or those of one incident: on SQLite every other writer waits
meanwhile, and longer than for other rows, as erased content is overwritten."""
LEAST_PAUSE_S = 0.05
"""Between two transactions; at least as long as the one before it took, so that whoever waits for
the database comes first half of the time."""
MOST_S = 300.0
"""How long one round may take; what is left has time until the next."""

Forget = Callable[[Instant, int], Awaitable[int]]
"""(before, most): forgets so many things older than that, and says how many it forgot."""


@dataclass(frozen=True)
class Retention:
    """Erases, round after round, what is older than ``keep``.

    ``further`` are the other places in which something is kept of incidents that ended.
    """

    engine: Engine
    keys: Keys
    clock: Clock
    keep: timedelta
    further: Sequence[Forget] = ()

    async def forever(self) -> None:
        """One round now, and one each hour."""
        while True:
            if erased := await self.once():
                log.info("erased what is over its time", things=erased, keep_days=self.keep.days)
            await self.clock.sleep(EVERY_S)

    async def once(self) -> int:
        """Erase what is over its time now, in small pieces; says how many things went."""
        begun, erased = self.clock.elapsed(), 0
        before = self.clock.now() - self.keep
        own = (
            self._compact,
            self._forget_deliveries,
            self._forget_identifiers,
            self._forget_failures,
        )
        for forget in (*own, *self.further):
            more = AT_ONCE
            while more and self.clock.elapsed() - begun < MOST_S:
                at = self.clock.elapsed()
                more = await forget(before, AT_ONCE)
                erased += more
                await self.clock.sleep(max(LEAST_PAUSE_S, self.clock.elapsed() - at))
        if erased:
            await asyncio.to_thread(overwrite_erased, self.engine)
        return erased

    async def _compact(self, before: Instant, most: int) -> int:
        """The oldest incidents that are closed and not compact yet."""
        return await asyncio.to_thread(self._compact_some, before, most)

    def _compact_some(self, before: datetime, most: int) -> int:
        found = read(self.engine, lambda c: _not_compact(c, before, most))
        if not found:
            return 0
        now, days = self.clock.now(), self.keep.days

        def work(connection: Connection) -> int:
            for incident_id in found:
                _shrink(connection, self.keys, incident_id, now, days)
            return len(found)

        return write(self.engine, work)

    async def _forget_deliveries(self, before: Instant, most: int) -> int:
        """What could only be asked about repetitions of long ago."""
        over = _unheard_since(before)
        return await asyncio.to_thread(self._delete, deliveries.c.delivery_key, over, most)

    async def _forget_identifiers(self, _: Instant, most: int) -> int:
        """Also of a source that fell silent, so that no new one takes the place of the old."""
        over = delivery_ids.c.at < self.clock.now() - REMEMBERED
        return await asyncio.to_thread(self._delete, delivery_ids.c.digest, over, most)

    async def _forget_failures(self, before: Instant, most: int) -> int:
        """Deliveries that nobody could work off."""
        over = and_(inbox.c.failed.is_not(None), inbox.c.at < before)
        return await asyncio.to_thread(self._delete, inbox.c.id, over, most)

    def _delete(self, key: Column[Any], over: ColumnElement[bool], most: int) -> int:
        """Looked for without holding anybody up, and looked at once more when they are deleted."""
        keys = read(
            self.engine, lambda c: c.execute(select(key).where(over).limit(most)).scalars().all()
        )
        gone = delete(key.table).where(key.in_(keys), over)
        return write(self.engine, lambda c: c.execute(gone).rowcount) if keys else 0


def _unheard_since(before: datetime) -> ColumnElement[bool]:
    """Not repeated for so long, and of no incident that is open or was closed since."""
    closed = select(incidents.c.id).where(incidents.c.closed_at < before)
    none_or_closed = or_(deliveries.c.incident.is_(None), deliveries.c.incident.in_(closed))
    return and_(deliveries.c.last_at < before, none_or_closed)


def _not_compact(connection: Connection, before: datetime, most: int) -> list[str]:
    """The oldest of them, as many as have about ``most`` rows together, and at least one."""
    has_outputs = exists().where(outputs.c.incident == incidents.c.id)
    # The newest payload may be the one that says that the others were erased.
    has_payloads = exists().where(
        payloads.c.incident == incidents.c.id, payloads.c.seq < incidents.c.head_seq
    )
    query = (
        select(incidents.c.id, incidents.c.head_seq)
        .where(incidents.c.closed_at < before, has_outputs | has_payloads)
        .order_by(incidents.c.closed_at, incidents.c.id)
        .limit(most)
    )
    found: list[str] = []
    for row in connection.execute(query):
        if found and most < row.head_seq:
            break
        found.append(row.id)
        most -= row.head_seq
    return found


def _shrink(connection: Connection, keys: Keys, incident_id: str, now: datetime, days: int) -> None:
    """Leave of one incident what proves that it happened."""
    get_incident(connection, incident_id, to_change=True)
    erase(connection, keys, incident_id, now, after_days=days)
    for table in (outbox, executions, post, post_read):
        connection.execute(delete(table).where(table.c.incident == incident_id))
