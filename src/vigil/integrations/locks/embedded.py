"""Locks as rows beside the record."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias, TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, Row, select, update

from vigil.domain.errors import LockHeld
from vigil.domain.run import Fence
from vigil.domain.value import Instant, Value
from vigil.integrations._clients.database import Adding, read, write
from vigil.integrations.locks import line
from vigil.integrations.locks.tables import locks
from vigil.ports.locks import Lock

Result = TypeVar("Result")
_Row: TypeAlias = Row[str, str | None, str | None, int, datetime | None]

_ADD = Adding(locks)
_NAMED = 3
"""Of what is held, so much is said in words; ``LockHeld.held`` has it all."""


class SqlLocks:
    """Fulfils ``ports.locks.Locks`` on SQLite or PostgreSQL.

    Every transaction takes its rows in the order of their resources, so none can wait for another
    that waits for it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def _write(self, work: Callable[[Connection], Result]) -> Result:
        return await asyncio.to_thread(write, self._engine, work)

    async def take(
        self, resources: Sequence[str], owner: str, holder: str, now: Instant, lease_s: float
    ) -> tuple[Fence, ...]:
        """Take, or take once more."""
        asked = _Asked(
            resources=tuple(sorted(set(resources))),
            owner=owner,
            holder=holder,
            at=now,
            until=now + timedelta(seconds=lease_s),
        )
        taken = await self._write(lambda c: _take(c, asked))
        if isinstance(taken, LockHeld):
            raise taken
        return taken

    async def release(self, owner: str, holder: str | None = None) -> None:
        """The owner is done and wants nothing any more; or, for now, this holder of it is."""
        its = locks.c.owner == owner
        if holder is not None:
            its &= (locks.c.holder == holder) | locks.c.holder.is_(None)

        def work(connection: Connection) -> None:
            _change(connection, its, owner=None, holder=None, lease_until=None)
            if holder is None:
                line.leave(connection, owner)

        await self._write(work)

    async def let_go(self, owner: str, holder: str | None = None) -> None:
        """This holder, or whoever it is, does nothing for the owner now, which keeps it all."""
        its = locks.c.owner == owner
        if holder is not None:
            its &= locks.c.holder == holder
        await self._write(lambda c: _change(c, its, holder=None))

    async def renew(self, holder: str, now: Instant, lease_s: float) -> None:
        """The holder lives."""
        until = now + timedelta(seconds=lease_s)
        shorter = (locks.c.holder == holder) & (locks.c.lease_until < until)
        await self._write(lambda c: _change(c, shorter, lease_until=until))

    async def forfeit(self, holders: Sequence[str]) -> None:
        """These workers are dead or gone; the owners keep what they own."""
        await self._write(lambda c: _change(c, locks.c.holder.in_(holders), holder=None))

    async def ready(self, limit: int) -> tuple[str, ...]:
        """Owners in line that would get all they want now."""
        return await asyncio.to_thread(read, self._engine, lambda c: line.ready(c, limit))

    async def held(self) -> tuple[Lock, ...]:
        """Everything that is owned, by resource."""
        query = select(locks).where(locks.c.owner.is_not(None)).order_by(locks.c.resource)

        def work(connection: Connection) -> tuple[Lock, ...]:
            rows = connection.execute(query).mappings()
            return tuple(Lock.model_validate(dict(row)) for row in rows)

        return await asyncio.to_thread(read, self._engine, work)


class _Asked(Value):
    """What a worker wants for its incident, sorted."""

    resources: tuple[str, ...]
    owner: str
    holder: str
    at: Instant
    until: Instant


def _take(connection: Connection, asked: _Asked) -> tuple[Fence, ...] | LockHeld:
    """A refusal is given back, not raised: the place in the line must be on disk with it."""
    rows = _rows(connection, asked.resources)
    kept = {row.resource: row.owner for row in rows if row.owner not in {None, asked.owner}}
    if any(row.owner != asked.owner for row in rows):
        kept |= line.ahead_of(connection, asked.owner, asked.resources)
    if kept:
        line.stand(connection, asked.owner, asked.resources, asked.at)
        return LockHeld(_said(kept), held=kept)
    own = next((row for row in rows if _held_by_another(row, asked)), None)
    if own is not None:
        return LockHeld(
            f"worker {own.holder} holds {own.resource} for {asked.owner} until "
            f"{own.lease_until.isoformat()}; it is taken over then, or as soon as that one is dead"
        )
    line.leave(connection, asked.owner)
    return tuple(_taken(connection, row, asked) for row in rows)


def _rows(connection: Connection, resources: Sequence[str]) -> Sequence[_Row]:
    """The rows in their order, ours until the transaction ends; those that are missing are made."""
    query = select(locks).where(locks.c.resource.in_(resources)).order_by(locks.c.resource)
    missing = sorted(set(resources) - {row.resource for row in connection.execute(query)})
    if missing:
        # Before any row is held, so that who waits here for another maker holds up nobody else.
        _ADD(connection, [{"resource": name, "token": 0} for name in missing])
    return connection.execute(query.with_for_update()).all()


def _held_by_another(row: _Row, asked: _Asked) -> bool:
    """Whether another worker may still be acting for the same owner."""
    mine_or_nobodys = row.holder in {None, asked.holder}
    return row.owner == asked.owner and not mine_or_nobodys and row.lease_until > asked.at


def _taken(connection: Connection, row: _Row, asked: _Asked) -> Fence:
    again = row.owner == asked.owner and row.holder == asked.holder
    token = row.token if again else row.token + 1
    until = max(row.lease_until, asked.until) if again else asked.until
    connection.execute(
        update(locks)
        .where(locks.c.resource == row.resource)
        .values(owner=asked.owner, holder=asked.holder, token=token, lease_until=until)
    )
    return Fence(resource=row.resource, token=token)


def _change(connection: Connection, those: ColumnElement[bool], **values: object) -> None:
    chosen = select(locks.c.resource).where(those).order_by(locks.c.resource).with_for_update()
    for resource in connection.execute(chosen).scalars().all():
        connection.execute(update(locks).where(locks.c.resource == resource).values(**values))


def _said(kept: dict[str, str]) -> str:
    words = [f"{resource} is kept by {owner}" for resource, owner in sorted(kept.items())]
    more = f" and {len(words) - _NAMED} more" if len(words) > _NAMED else ""
    return f"{', '.join(words[:_NAMED])}{more}; it is free when that one is done"
