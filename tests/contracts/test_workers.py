"""The promises of workers, by number; each ``Process`` is what one process knows (about 5 s)."""

import asyncio
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.support.hand_clock import START, HandClock
from tests.support.pulses import living, wait_until_stopped

from vigil.integrations._clients.database import migrate, open_engine, try_exclusively
from vigil.integrations.workers.embedded import SqlWorkers
from vigil.integrations.workers.pulse import Pulse
from vigil.integrations.workers.silence import LONGEST_GAP_S
from vigil.ports.workers import Role, Standing, Worker, WorkerState

LEASE_S = 30.0
GONE = Standing(alive=False)
EVERYTHING = frozenset(Role)


@dataclass
class Process:
    """One worker, its own clock, and the record as it reaches it."""

    name: str
    engine: Engine
    clock: HandClock = field(default_factory=HandClock)
    pulse: Pulse | None = None

    def __post_init__(self) -> None:
        self.workers = SqlWorkers(self.engine, LEASE_S, self.clock.elapsed, self.pulse)

    @property
    def me(self) -> Worker:
        return Worker(
            id=self.name,
            host="h1",
            pid=7,
            kind="worker",
            version="1",
            started_at=START,
            seen_at=self.clock.now(),
        )

    async def beat(self, state: WorkerState = WorkerState.WORKING) -> Standing:
        return await self.workers.beat(self.me.model_copy(update={"state": state}))

    async def reap(self) -> tuple[str, ...]:
        return await self.workers.reap(self.name)

    async def watch(self, seconds: float, *beating: "Process") -> tuple[str, ...]:
        """Look around each second, while others beat or do not; what the last look said."""
        found: tuple[str, ...] = ()
        for _ in range(round(seconds)):
            for process in (self, *beating):
                process.clock.advance(1)
                assert (await process.beat()).alive
            found = await self.reap()
        return found


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    opened = open_engine(database_url)
    migrate(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def shared(postgres_record_url: str) -> Iterator[Engine]:
    """A record that several processes may work on."""
    opened = open_engine(postgres_record_url)
    yield opened
    opened.dispose()


async def states(process: Process) -> dict[str, WorkerState]:
    return {worker.id: worker.state for worker in await process.workers.everyone()}


async def test_1_the_first_beat_enters_and_the_next_ones_show_how_it_fares(engine: Engine) -> None:
    a = Process("a", engine)
    assert (await a.beat()).alive
    a.clock.advance(5)
    assert (await a.beat(WorkerState.DRAINING)).alive
    [seen] = await a.workers.everyone()
    assert seen == a.me.model_copy(update={"state": WorkerState.DRAINING})
    assert seen.seen_at > START


async def test_1_one_that_left_stays_away(engine: Engine) -> None:
    a = Process("a", engine)
    await a.beat()
    assert await a.beat(WorkerState.DEAD) == GONE
    assert await a.beat() == GONE
    assert await states(a) == {"a": WorkerState.DEAD}


async def test_1_one_that_was_buried_does_not_come_back(engine: Engine) -> None:
    a, b = Process("a", engine), Process("b", engine)
    await a.beat()
    await a.beat(WorkerState.DEAD)
    await b.beat()
    await b.workers.bury(["a"])
    assert await a.beat() == GONE
    assert await states(b) == {"b": WorkerState.WORKING}


async def test_2_one_that_shows_nothing_for_a_lease_is_given_up(shared: Engine) -> None:
    a, b, c = (Process(name, shared) for name in "abc")
    await b.beat()
    assert await a.watch(LEASE_S, c) == ()
    assert await a.watch(1, c) == ("b",)
    assert await b.beat() == GONE
    assert await states(a) == dict.fromkeys("ac", WorkerState.WORKING) | {"b": WorkerState.DEAD}


async def test_2_whoever_was_frozen_gives_up_nobody(shared: Engine) -> None:
    """Perhaps all were frozen together, and the others' next beats are about to come."""
    a, b = Process("a", shared), Process("b", shared)
    await a.watch(3, b)
    a.clock.advance(3600)
    assert await a.reap() == ()
    assert (await b.beat()).alive
    assert await a.watch(LEASE_S - LONGEST_GAP_S) == ()


async def test_2_the_wall_clock_says_nothing(shared: Engine) -> None:
    a, b = Process("a", shared), Process("b", shared)
    await a.watch(3, b)
    for hands in (3600, -7200):
        a.clock.set_wall(hands)
        b.clock.set_wall(-hands)
        assert await a.watch(3, b) == ()


async def test_2_where_one_process_is_let_in_all_others_are_dead_at_once(
    engine: Engine, database_url: str
) -> None:
    before, now = Process("before", engine), Process("now", engine)
    await before.beat()
    await now.beat()
    alone = database_url.startswith("sqlite")
    assert await now.reap() == (("before",) if alone else ())
    assert await before.beat() == GONE if alone else (await before.beat()).alive


async def test_2_who_is_dead_gives_up_nobody(shared: Engine) -> None:
    a, b = Process("a", shared), Process("b", shared)
    await a.beat()
    await b.beat()
    await a.beat(WorkerState.DEAD)
    for _ in range(50):
        a.clock.advance(1)
        assert await a.reap() == ()
    assert (await b.beat()).alive


async def test_5_one_whose_process_has_ended_is_given_up_at_once(
    shared: Engine, tmp_path: Path
) -> None:
    a, killed = Process("a", shared, pulse=Pulse(tmp_path)), Process("killed", shared)
    await a.beat()
    with living(tmp_path, "killed") as process:
        await killed.beat()
        assert await a.reap() == ()
        process.kill()
        wait_until_stopped(tmp_path, "killed")
        assert await a.reap() == ("killed",)
    assert await killed.beat() == GONE
    await a.workers.bury(["killed"])
    assert os.listdir(tmp_path) == ["a"]  # noqa: PTH208 - a list at once, which blocks nobody


async def test_5_neither_a_frozen_one_nor_one_of_which_nothing_is_seen_is_dead(
    shared: Engine, tmp_path: Path
) -> None:
    a, frozen = Process("a", shared, pulse=Pulse(tmp_path)), Process("frozen", shared)
    elsewhere = Process("elsewhere", shared, pulse=Pulse(tmp_path / "of another machine"))
    with living(tmp_path, "frozen") as process:
        for each in (a, frozen, elsewhere):
            await each.beat()
        process.send_signal(signal.SIGSTOP)
        assert await a.watch(LEASE_S) == ()
        assert await a.watch(1) == ("elsewhere", "frozen")


async def test_3_the_dead_are_named_until_they_are_buried(engine: Engine) -> None:
    a, b = Process("a", engine), Process("b", engine)
    await a.beat()
    await a.beat(WorkerState.DEAD)
    await b.beat()
    assert await b.reap() == ("a",)
    assert await b.reap() == ("a",)
    await b.workers.bury(["a", "b"])
    assert await b.reap() == ()
    assert await states(b) == {"b": WorkerState.WORKING}, "who lives is not buried"


async def test_3_of_several_that_ask_at_once_one_is_told(shared: Engine) -> None:
    """The first is held within its look, as by a slow disk: the second is told nothing."""
    gone, b = Process("gone", shared), Process("b", shared)
    await gone.beat()
    await gone.beat(WorkerState.DEAD)
    await b.beat()
    with shared.begin() as first:
        assert try_exclusively(first, "reaping")
        assert await b.reap() == ()
    assert await b.reap() == ("gone",)


async def test_4_where_one_process_is_let_in_it_leads_at_once(tmp_path: Path) -> None:
    """Whoever led before was killed, and nobody has given it up yet."""
    engine = open_engine(f"sqlite:///{tmp_path / 'vigil.sqlite'}")
    migrate(engine)
    before, now = Process("before", engine), Process("now", engine)
    assert (await before.beat()).roles == EVERYTHING
    assert (await now.beat()).roles == EVERYTHING
    engine.dispose()


async def test_4_a_role_has_one_worker_and_passes_on(shared: Engine) -> None:
    a, b, c = (Process(name, shared) for name in "abc")
    assert (await a.beat()).roles == EVERYTHING
    assert (await b.beat()).roles == frozenset()
    assert (await a.beat()).roles == EVERYTHING
    assert (await a.beat(WorkerState.DRAINING)).roles == frozenset()
    assert (await b.beat()).roles == EVERYTHING
    assert (await a.beat(WorkerState.DRAINING)).roles == frozenset()
    await b.beat(WorkerState.DEAD)
    assert (await c.beat()).roles == EVERYTHING
    [leads] = [worker.roles for worker in await c.workers.everyone() if worker.roles]
    assert set(leads) == EVERYTHING


async def test_4_the_roles_of_the_dead_pass_on(shared: Engine) -> None:
    a, b = Process("a", shared), Process("b", shared)
    await a.beat()
    assert (await b.beat()).roles == frozenset()
    await b.watch(LEASE_S + 1)
    assert (await b.beat()).roles == EVERYTHING
    assert await a.beat() == GONE


async def test_4_of_many_at_once_one_gets_each_role(shared: Engine) -> None:
    crowd = [Process(f"w{n}", shared) for n in range(8)]
    for _ in range(3):
        standings = await asyncio.gather(*(process.beat() for process in crowd))
        led = [role for standing in standings for role in standing.roles]
        assert sorted(led) == sorted(Role)
