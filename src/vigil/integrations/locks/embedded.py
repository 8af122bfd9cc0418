"""Locks as rows beside the record."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, insert, select, update

from vigil.domain.errors import LockHeld
from vigil.domain.run import Fence
from vigil.domain.value import Instant
from vigil.integrations._clients.database import write
from vigil.integrations.locks.tables import locks


class SqlLocks:
    """Fulfils ``ports.locks.Locks`` on SQLite or PostgreSQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def take(
        self, resources: Sequence[str], owner: str, now: Instant, lease_s: float
    ) -> tuple[Fence, ...]:
        """Take or renew."""
        wanted = sorted(set(resources))
        until = now + timedelta(seconds=lease_s)
        return await asyncio.to_thread(
            write, self._engine, lambda c: _take(c, wanted, owner, now, until)
        )

    async def release(self, owner: str) -> None:
        """Give back everything the owner holds."""
        await asyncio.to_thread(write, self._engine, lambda c: _release(c, owner))


def _take(
    connection: Connection, wanted: list[str], owner: str, now: datetime, until: datetime
) -> tuple[Fence, ...]:
    tokens = _tokens(connection, wanted, owner, now)
    for resource, token in tokens.items():
        connection.execute(
            update(locks)
            .where(locks.c.resource == resource)
            .values(owner=owner, token=token, lease_until=until)
        )
    return tuple(Fence(resource=resource, token=token) for resource, token in tokens.items())


def _tokens(connection: Connection, wanted: list[str], owner: str, now: datetime) -> dict[str, int]:
    """The token for each resource, or ``LockHeld``; rows stay locked until the transaction ends."""
    query = select(locks).where(locks.c.resource.in_(wanted)).order_by(locks.c.resource)
    rows = {row.resource: row for row in connection.execute(query.with_for_update())}
    tokens = {}
    for resource in wanted:
        row = rows.get(resource)
        if row is None:
            # Before its first owner, so that two who come first wait for each other here.
            connection.execute(insert(locks).values(resource=resource, token=0))
            tokens[resource] = 1
        elif row.owner == owner:
            tokens[resource] = row.token
        elif row.owner is None or row.lease_until <= now:
            tokens[resource] = row.token + 1
        else:
            raise LockHeld(
                f"{resource} is held by {row.owner} until {row.lease_until.isoformat()}; "
                "it is free when that one is done or its lease has run out"
            )
    return tokens


def _release(connection: Connection, owner: str) -> None:
    connection.execute(
        update(locks).where(locks.c.owner == owner).values(owner=None, lease_until=None)
    )
