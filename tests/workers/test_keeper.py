"""A worker's keeper: what it shows, what it renews, and when it ends the process (about 3 s)."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from vigil.crew import Solo
from vigil.domain.errors import LockHeld, PermanentError, PortUnavailable
from vigil.integrations._clients.database import migrate, open_engine
from vigil.integrations.clock.system import SystemClock
from vigil.integrations.locks.embedded import SqlLocks
from vigil.integrations.workers.embedded import SqlWorkers
from vigil.keeper import GIVEN_UP, Keeper, Pace
from vigil.ports.workers import Role, Standing, Worker, WorkerState

CLOCK = SystemClock()
QUICK = Pace(beat_s=0.02, lease_s=1.0, stuck_s=0.2)


def named(name: str) -> Worker:
    now = CLOCK.now()
    return Worker(id=name, host="h", pid=1, kind="serve", version="0", started_at=now, seen_at=now)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_engine(f"sqlite:///{tmp_path / 'vigil.sqlite'}")
    migrate(opened)
    yield opened
    opened.dispose()


@dataclass
class Kept:
    """A keeper, and what it said when it ended the process (which in a test goes on)."""

    engine: Engine
    pace: Pace = QUICK
    ended: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.workers = SqlWorkers(self.engine)
        self.locks = SqlLocks(self.engine)
        self.keeper = Keeper(
            named("a"), self.workers, self.locks, CLOCK, self.pace, end=self.ended.append
        )

    def beats(self) -> int:
        with self.engine.connect() as connection:
            found = connection.execute(text("SELECT beat FROM workers WHERE id = 'a'"))
            return int(found.scalar_one())


@asynccontextmanager
async def kept(engine: Engine, pace: Pace = QUICK) -> AsyncIterator[Kept]:
    made = Kept(engine, pace)
    await made.keeper.start()
    yield made
    await made.keeper.leave()


async def test_it_lives_leads_and_leaves(engine: Engine) -> None:
    async with kept(engine) as made:
        assert made.keeper.sure()
        assert all(made.keeper.leads(role) for role in Role)
        await made.keeper.drain()
        assert not any(made.keeper.leads(role) for role in Role)
        [seen] = await made.workers.everyone()
        assert seen.state is WorkerState.DRAINING
    [left] = await made.workers.everyone()
    assert left.state is WorkerState.DEAD
    assert made.ended == []


async def test_leases_are_renewed_while_the_event_loop_is_busy(engine: Engine) -> None:
    async with kept(engine, Pace(beat_s=0.02, lease_s=0.3)) as made:
        await made.locks.take(["service:web"], "inc", "a", CLOCK.now(), 0.3)
        time.sleep(0.6)  # noqa: ASYNC251 - the loop is kept from turning, on purpose
        [lock] = await made.locks.held()
        assert lock.lease_until is not None
        assert lock.lease_until > CLOCK.now()
        with pytest.raises(LockHeld):
            await made.locks.take(["service:web"], "inc", "b", CLOCK.now(), 0.3)


async def test_given_up_by_others_it_ends_the_process(engine: Engine) -> None:
    async with kept(engine) as made:
        other = SqlWorkers(engine)
        await other.beat(named("b"))
        async with asyncio.timeout(30):
            while await other.reap("b") != ("a",):
                pass  # it showed between the look and the word that it lives
            while not made.ended:  # noqa: ASYNC110 - it is another thread's word
                await asyncio.sleep(0.01)
        assert "worker a was given up by the others" in made.ended[0]


async def test_a_loop_that_has_long_not_turned_is_not_said_to_live(engine: Engine) -> None:
    async with kept(engine) as made:
        time.sleep(0.8)  # noqa: ASYNC251 - stuck, on purpose
        stuck = made.beats()
        time.sleep(0.2)  # noqa: ASYNC251 - still stuck
        assert made.beats() == stuck
        async with asyncio.timeout(30):
            while made.beats() < stuck + 3:  # noqa: ASYNC110 - the record is another thread's
                await asyncio.sleep(0.01)
    assert made.ended == []


class Unheard:
    """Fulfils ``ports.workers.Workers`` where the record answers for a while, and then no more."""

    def __init__(self, answers: int) -> None:
        self.left = answers

    async def beat(self, worker: Worker) -> Standing:
        self.left -= 1
        if self.left < 0:
            raise PortUnavailable("the database did not answer")
        return Standing(alive=True, roles=frozenset(Role))

    async def reap(self, asker: str) -> tuple[str, ...]:
        return ()

    async def bury(self, workers: Sequence[str]) -> None: ...

    async def everyone(self) -> tuple[Worker, ...]:
        return ()


async def test_unheard_for_a_lease_it_is_sure_of_nothing_and_leads_nothing(engine: Engine) -> None:
    unheard = Unheard(answers=1)
    pace = Pace(beat_s=0.02, lease_s=0.2)
    keeper = Keeper(named("a"), unheard, SqlLocks(engine), CLOCK, pace)
    await keeper.start()
    assert keeper.leads(Role.WATCHING)
    await asyncio.sleep(0.3)
    assert not keeper.sure()
    assert not keeper.leads(Role.WATCHING)
    unheard.left = 1_000
    async with asyncio.timeout(30):
        while not keeper.leads(Role.WATCHING):  # noqa: ASYNC110 - set by the keeper's thread
            await asyncio.sleep(0.01)
    await keeper.leave()


async def test_what_keeps_it_from_entering_is_said_at_the_start(engine: Engine) -> None:
    keeper = Keeper(named("a"), Unheard(answers=0), SqlLocks(engine), CLOCK, QUICK)
    with pytest.raises(PortUnavailable):
        await keeper.start()
    workers = SqlWorkers(engine)
    await workers.beat(named("a"))
    await workers.beat(named("a").model_copy(update={"state": WorkerState.DEAD}))
    with pytest.raises(PermanentError, match="start again"):
        await Keeper(named("a"), workers, SqlLocks(engine), CLOCK, QUICK).start()


def test_at_once_means_that_nothing_else_runs() -> None:
    code = (
        "import atexit, vigil.keeper as keeper\n"
        "atexit.register(print, 'a last word')\n"
        "try:\n    keeper.end_at_once('a test')\n"
        "finally:\n    print('another')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == GIVEN_UP
    assert "last word" not in done.stdout
    assert "another" not in done.stdout
    assert "a test" in done.stdout + done.stderr


class Led(Solo):
    """A worker whose lead the test gives and takes."""

    def __init__(self) -> None:
        self.leading = False

    def leads(self, role: Role) -> bool:
        return self.leading


async def test_a_loop_runs_only_while_its_worker_leads() -> None:
    crew, running = Led(), asyncio.Event()
    begun = 0

    async def loop() -> None:
        nonlocal begun
        begun += 1
        running.set()
        try:
            await asyncio.sleep(timedelta(hours=1).total_seconds())
        finally:
            running.clear()

    for times in (1, 2):
        led = asyncio.create_task(crew.while_leading(Role.SIGNING, loop))
        await asyncio.sleep(0.05)
        assert not running.is_set()
        crew.leading = True
        await asyncio.wait_for(running.wait(), 20)
        crew.leading = False
        await asyncio.wait_for(led, 20)
        assert not running.is_set()
        assert begun == times


async def test_what_a_led_loop_trips_over_is_its_callers_to_log() -> None:
    crew = Led()
    crew.leading = True

    async def trips() -> None:
        raise PortUnavailable("the database did not answer")

    with pytest.raises(PortUnavailable):
        await crew.while_leading(Role.SIGNING, trips)
