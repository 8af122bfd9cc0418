"""The promises of locks, by number, on both databases."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine
from tests.support.record import at

from vigil.domain.errors import LockHeld
from vigil.domain.run import Fence
from vigil.integrations._clients.database import migrate, open_engine
from vigil.integrations.locks.embedded import SqlLocks
from vigil.ports.locks import Lock


@dataclass(frozen=True)
class Database:
    """Where locks are kept; every ``locks`` is another process's view."""

    engine: Engine

    def locks(self) -> SqlLocks:
        return SqlLocks(self.engine)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    engine = open_engine(database_url)
    migrate(engine)
    yield Database(engine)
    engine.dispose()


@pytest.fixture
def locks(database: Database) -> SqlLocks:
    return database.locks()


def fences(**tokens: int) -> tuple[Fence, ...]:
    return tuple(Fence(resource=resource, token=token) for resource, token in tokens.items())


async def held_by(locks: SqlLocks) -> dict[str, str]:
    return {lock.resource: lock.owner for lock in await locks.held()}


async def test_1_takes_all_sorted_or_nothing(locks: SqlLocks) -> None:
    assert await locks.take(["web", "db", "web"], "one", "w", at(0), 60) == fences(db=1, web=1)
    with pytest.raises(LockHeld, match="web is kept by one") as refused:
        await locks.take(["cache", "web"], "two", "w", at(1), 60)
    assert refused.value.held == {"web": "one"}
    assert await held_by(locks) == {"db": "one", "web": "one"}


async def test_1_again_it_keeps_the_tokens(locks: SqlLocks) -> None:
    first = await locks.take(["web"], "one", "w", at(0), 60)
    assert await locks.take(["web"], "one", "w", at(50), 60) == first
    assert await locks.take(["web"], "one", "w", at(500), 60) == first, "nobody took it over"
    assert await locks.take(["db", "web"], "one", "w", at(501), 60) == fences(db=1, web=1)


async def test_1_no_lease_becomes_shorter(locks: SqlLocks) -> None:
    await locks.take(["web"], "one", "w", at(0), 600)
    await locks.take(["web"], "one", "w", at(1), 30)
    (lock,) = await locks.held()
    assert lock.lease_until == at(600)


async def test_1_of_many_at_once_one_takes_it(database: Database) -> None:
    async def attempt(owner: str) -> bool:
        try:
            await database.locks().take(["a", "b", "c"], owner, "w", at(0), 60)
        except LockHeld:
            return False
        return True

    assert sum(await asyncio.gather(*(attempt(f"owner{n}") for n in range(12)))) == 1


async def test_1_overlapping_sets_never_wait_in_a_circle(database: Database) -> None:
    """From many threads, in any order, and with new rows among them."""

    async def work(number: int) -> None:
        chance = random.Random(number)  # noqa: S311 - not a secret
        mine = database.locks()
        for turn in range(8):
            wanted = chance.sample([f"r{n}" for n in range(turn + 4)], 3)
            with suppress(LockHeld):
                await mine.take(wanted, f"owner{number}", f"w{number % 3}", at(turn), 60)
            await mine.renew(f"w{number % 3}", at(turn + 1), 60)
            await mine.release(f"owner{number}")

    async with asyncio.timeout(20):
        await asyncio.gather(*(work(number) for number in range(10)))
    assert await database.locks().held() == ()
    assert await database.locks().ready(10) == ()


async def test_2_tokens_only_grow_also_across_restarts(empty_database_url: str) -> None:
    for expected in (1, 2, 3):
        engine = open_engine(empty_database_url)
        migrate(engine)
        locks = SqlLocks(engine)
        assert await locks.take(["web"], "one", "w", at(0), 60) == fences(web=expected)
        await locks.release("one")
        engine.dispose()


async def test_3_another_owner_gets_nothing_before_it_is_released(locks: SqlLocks) -> None:
    await locks.take(["web"], "one", "w", at(0), 60)
    await locks.forfeit(["w"])
    for moment in (at(59), at(61), at(86_400)):
        with pytest.raises(LockHeld, match="web is kept by one"):
            await locks.take(["web"], "two", "w2", moment, 60)
    await locks.release("one")
    assert await locks.take(["web"], "two", "w2", at(86_401), 60) == fences(web=2)


async def test_4_another_holder_takes_over_when_the_lease_has_run_out(locks: SqlLocks) -> None:
    await locks.take(["db", "web"], "one", "w", at(0), 60)
    with pytest.raises(LockHeld, match="worker w holds db for one") as refused:
        await locks.take(["db", "web"], "one", "w2", at(59.9), 60)
    assert refused.value.held == {}, "no other incident is at work there"
    assert await locks.ready(10) == (), "and it does not stand in line for itself"
    assert await locks.take(["db", "web"], "one", "w2", at(60), 60) == fences(db=2, web=2)
    with pytest.raises(LockHeld, match="worker w2 holds"):
        await locks.take(["db", "web"], "one", "w", at(61), 60)


async def test_4_another_holder_takes_over_from_one_that_was_forfeited(locks: SqlLocks) -> None:
    await locks.take(["web"], "one", "w", at(0), 600)
    await locks.take(["db"], "two", "other", at(0), 600)
    await locks.forfeit(["w", "somebody"])
    assert await locks.take(["web"], "one", "w2", at(1), 60) == fences(web=2)
    with pytest.raises(LockHeld):
        await locks.take(["db"], "two", "w2", at(1), 60)
    assert [(lock.holder, lock.lease_until) for lock in await locks.held()] == [
        ("other", at(600)),
        ("w2", at(61)),
    ]


async def test_4_who_has_let_go_is_followed_at_once_and_nobody_else_gets_anything(
    locks: SqlLocks,
) -> None:
    await locks.take(["db", "web"], "one", "w", at(0), 600)
    await locks.let_go("one", "another")
    with pytest.raises(LockHeld, match="worker w holds"):
        await locks.take(["db"], "one", "w2", at(1), 60)
    await locks.let_go("one", "w")
    await locks.renew("w", at(2), 900)
    assert {lock.lease_until for lock in await locks.held()} == {at(600)}, "it is not its any more"
    with pytest.raises(LockHeld, match="db is kept by one"):
        await locks.take(["db"], "two", "w", at(3), 60)
    assert await locks.take(["db", "web"], "one", "w2", at(3), 60) == fences(db=2, web=2)
    await locks.let_go("one")
    assert {lock.holder for lock in await locks.held()} == {None}


async def test_5_release_gives_back_what_is_its_own_and_nothing_else(locks: SqlLocks) -> None:
    await locks.take(["web"], "one", "w", at(0), 60)
    await locks.release("two")
    assert await held_by(locks) == {"web": "one"}
    await locks.release("one")
    assert await held_by(locks) == {}
    assert await locks.take(["web"], "two", "w", at(1), 60) == fences(web=2)


async def test_5_release_gives_back_the_place_in_the_line(locks: SqlLocks) -> None:
    await locks.take(["web"], "one", "w", at(0), 60)
    for owner in ("two", "three"):
        with pytest.raises(LockHeld):
            await locks.take(["web"], owner, "w", at(1), 60)
    await locks.release("two")
    await locks.release("one")
    assert await locks.ready(10) == ("three",)


async def test_5_a_holder_gives_back_nothing_that_another_one_holds(locks: SqlLocks) -> None:
    await locks.take(["a", "b"], "one", "w", at(0), 60)
    await locks.forfeit(["w"])
    await locks.take(["a"], "one", "w2", at(1), 60)
    await locks.release("one", "w3")
    assert await held_by(locks) == {"a": "one"}, "b was held by nobody"
    await locks.release("one", "w")
    assert await held_by(locks) == {"a": "one"}
    await locks.release("one", "w2")
    assert await held_by(locks) == {}


async def test_5_a_holder_gives_back_no_place_in_the_line(locks: SqlLocks) -> None:
    await locks.take(["web"], "one", "w", at(0), 60)
    with pytest.raises(LockHeld):
        await locks.take(["web"], "two", "w2", at(1), 60)
    await locks.release("two", "w2")
    await locks.release("one", "w")
    assert await locks.ready(10) == ("two",)


async def test_6_renewing_extends_what_a_holder_holds(locks: SqlLocks) -> None:
    await locks.take(["a", "b"], "one", "w", at(0), 60)
    await locks.take(["c"], "two", "w", at(0), 600)
    await locks.take(["d"], "three", "w2", at(0), 60)
    await locks.renew("w", at(50), 60)
    ends = {lock.resource: lock.lease_until for lock in await locks.held()}
    assert ends == {"a": at(110), "b": at(110), "c": at(600), "d": at(60)}


async def test_6_who_was_forfeited_or_overtaken_extends_nothing(locks: SqlLocks) -> None:
    await locks.take(["a"], "one", "w", at(0), 60)
    await locks.take(["b"], "two", "w", at(0), 60)
    await locks.forfeit(["w"])
    await locks.take(["b"], "two", "w2", at(1), 60)
    await locks.renew("w", at(50), 600)
    assert await locks.held() == (
        Lock(resource="a", owner="one", holder=None, token=1, lease_until=at(60)),
        Lock(resource="b", owner="two", holder="w2", token=2, lease_until=at(61)),
    )


async def test_7_they_are_ready_in_the_order_of_asking_when_all_is_free(locks: SqlLocks) -> None:
    await locks.take(["a"], "first", "w", at(0), 60)
    await locks.take(["b"], "second", "w", at(0), 60)
    asked = {"both": ["a", "b"], "only-a": ["a"], "again-a": ["a"], "c-and-b": ["b", "c"]}
    for after, (owner, wanted) in enumerate(asked.items()):
        with pytest.raises(LockHeld):
            await locks.take(wanted, owner, "w", at(after), 60)
    assert await locks.ready(10) == ()
    await locks.release("first")
    assert await locks.ready(10) == (), "they would overtake the one that needs both"
    await locks.release("second")
    assert await locks.ready(10) == ("both",)
    await locks.release("both")
    assert await locks.ready(10) == ("only-a", "c-and-b")
    assert await locks.ready(1) == ("only-a",)
    assert await locks.take(["a"], "only-a", "w", at(9), 60) == fences(a=2)
    assert await locks.ready(10) == ("c-and-b",), "who has it waits no more"


async def test_7_asking_again_keeps_the_place(locks: SqlLocks) -> None:
    await locks.take(["web"], "one", "w", at(0), 60)
    for moment, owner in enumerate(["two", "three", "two"]):
        with pytest.raises(LockHeld):
            await locks.take(["web"], owner, "w", at(moment), 60)
    await locks.release("one")
    assert await locks.ready(10) == ("two",)


async def test_7_who_comes_later_gets_nothing_that_somebody_waits_for(locks: SqlLocks) -> None:
    await locks.take(["a"], "one", "w", at(0), 60)
    with pytest.raises(LockHeld):
        await locks.take(["a", "b"], "two", "w", at(1), 60)
    with pytest.raises(LockHeld, match="b is kept by two"):
        await locks.take(["b"], "three", "w", at(2), 60)
    assert await locks.take(["a"], "one", "w", at(3), 60) == fences(a=1), "it is one's own"
    await locks.release("one")
    assert await locks.take(["a", "b"], "two", "w", at(4), 60) == fences(a=2, b=1)
