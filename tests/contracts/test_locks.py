"""The promises of locks, by number."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.support.record import at

from vigil.domain.errors import LockHeld
from vigil.domain.run import Fence
from vigil.integrations._clients.database import migrate, open_engine
from vigil.integrations.locks.embedded import SqlLocks


@dataclass(frozen=True)
class Database:
    """Where locks are kept; every ``locks`` is another process's view."""

    engine: Engine

    def locks(self) -> SqlLocks:
        return SqlLocks(self.engine)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    engine = open_engine(f"sqlite:///{tmp_path / 'vigil.sqlite'}")
    migrate(engine)
    yield Database(engine)
    engine.dispose()


def fences(**tokens: int) -> tuple[Fence, ...]:
    return tuple(Fence(resource=resource, token=token) for resource, token in tokens.items())


async def test_1_takes_all_sorted_or_nothing(database: Database) -> None:
    locks = database.locks()
    assert await locks.take(["web", "db", "web"], "one", at(0), 60) == fences(db=1, web=1)
    with pytest.raises(LockHeld, match="web is held by one"):
        await locks.take(["cache", "web"], "two", at(1), 60)
    assert await locks.take(["cache"], "three", at(1), 60) == fences(cache=1)


async def test_1_same_owner_renews_and_keeps_tokens(database: Database) -> None:
    locks = database.locks()
    first = await locks.take(["web"], "one", at(0), 60)
    assert await locks.take(["web"], "one", at(50), 60) == first
    with pytest.raises(LockHeld):
        await locks.take(["web"], "two", at(100), 60)


async def test_1_of_many_at_once_one_takes_it(database: Database) -> None:
    async def attempt(owner: str) -> bool:
        try:
            await database.locks().take(["a", "b", "c"], owner, at(0), 60)
        except LockHeld:
            return False
        return True

    assert sum(await asyncio.gather(*(attempt(f"owner{n}") for n in range(12)))) == 1


async def test_2_tokens_only_grow_also_across_restarts(tmp_path: Path) -> None:
    for expected in (1, 2, 3):
        engine = open_engine(f"sqlite:///{tmp_path / 'vigil.sqlite'}")
        migrate(engine)
        locks = SqlLocks(engine)
        assert await locks.take(["web"], "one", at(0), 60) == fences(web=expected)
        await locks.release("one")
        engine.dispose()


async def test_3_a_lease_that_ran_out_goes_to_another_with_a_higher_token(
    database: Database,
) -> None:
    locks = database.locks()
    await locks.take(["web"], "one", at(0), 60)
    with pytest.raises(LockHeld):
        await locks.take(["web"], "two", at(59.9), 60)
    assert await locks.take(["web"], "two", at(60), 60) == fences(web=2)
    with pytest.raises(LockHeld):
        await locks.take(["web"], "one", at(61), 60)


async def test_4_release_by_another_changes_nothing(database: Database) -> None:
    locks = database.locks()
    await locks.take(["web"], "one", at(0), 60)
    await locks.release("two")
    with pytest.raises(LockHeld):
        await locks.take(["web"], "two", at(1), 60)
    await locks.release("one")
    assert await locks.take(["web"], "two", at(1), 60) == fences(web=2)
