"""However incidents want the same things, and whoever dies when, their acts never mix.

Incidents with overlapping sets, workers that are killed, frozen, given up and come back, and a
clock that jumps, over the real locks. An incident acts from when it gets its locks until it
releases them; what is checked at the target is what the runner checks: the tokens.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete
from tests.support.hand_clock import HandClock

from vigil.domain.errors import LockHeld
from vigil.domain.run import Fence
from vigil.integrations._clients.database import migrate, open_engine
from vigil.integrations.locks.embedded import SqlLocks
from vigil.integrations.locks.tables import locks as lock_rows
from vigil.integrations.locks.tables import waiting as line_rows

RESOURCES = ("a", "b", "c", "d")
WORKERS = ("w1", "w2", "w3")
LEASE_S = 30.0


@dataclass
class Target:
    """What is acted on: it knows whose span is open on what, and the highest token of each."""

    spans: dict[str, str] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)

    def act(self, incident: str, fences: Sequence[Fence]) -> bool:
        """Whether the effect was let through, as the broker decides."""
        if any(fence.token < self.seen.get(fence.resource, 0) for fence in fences):
            return False
        for fence in fences:
            self.seen[fence.resource] = fence.token
            holder = self.spans.setdefault(fence.resource, incident)
            assert holder == incident, f"{incident} acts on {fence.resource} amid {holder}"
        return True

    def proven(self, incident: str) -> None:
        self.spans = {r: owner for r, owner in self.spans.items() if owner != incident}


@dataclass
class Run:
    """One incident: what it needs, who runs it, and with which locks."""

    name: str
    needs: tuple[str, ...]
    worker: str | None = None
    fences: tuple[Fence, ...] | None = None
    effects_left: int = 2
    closed: bool = False


@dataclass
class World:
    """A few workers, one of which does one thing at a time."""

    locks: SqlLocks
    runs: list[Run]
    clock: HandClock = field(default_factory=HandClock)
    target: Target = field(default_factory=Target)
    frozen: list[tuple[Run, tuple[Fence, ...]]] = field(default_factory=list)
    """Runs of workers that were given up, each about to begin an effect."""

    async def step(self, run: Run, worker: str) -> None:
        """The worker does the next thing of an incident that it has, or takes it up."""
        if run.closed or run.worker not in {None, worker}:
            return
        try:
            now = self.clock.now()
            run.fences = await self.locks.take(run.needs, run.name, worker, now, LEASE_S)
        except LockHeld:
            return
        run.worker = worker
        if run.effects_left:
            run.effects_left -= self.target.act(run.name, run.fences)
        else:
            self.target.proven(run.name)
            await self.locks.release(run.name)
            run.closed = True

    async def give_up(self, worker: str) -> None:
        """Others find it dead; it may be frozen, and go on later with what it believes to hold."""
        for run in self.runs:
            if run.worker == worker and run.fences is not None:
                if run.effects_left:
                    self.frozen.append((run, run.fences))
                run.worker = None
        await self.locks.forfeit([worker])

    def come_back(self) -> None:
        """Whoever was frozen goes on with the effect that it was about to begin."""
        for run, fences in self.frozen:
            self.target.act(run.name, fences)
        self.frozen = []

    async def play(self, what: str, which: int, who: int) -> None:
        """One thing happens."""
        match what:
            case "step":
                await self.step(self.runs[which % len(self.runs)], WORKERS[who])
            case "give_up":
                await self.give_up(WORKERS[who])
            case "come_back":
                self.come_back()
            case "renew":
                await self.locks.renew(WORKERS[who], self.clock.now(), LEASE_S)
            case "later":
                self.clock.advance(LEASE_S / 2)
            case _:
                self.clock.set_wall(3600.0 if who else -3600.0)

    async def end(self) -> None:
        """Everybody is given up, and one worker brings everything to its end."""
        for worker in WORKERS:
            await self.give_up(worker)
        for _ in range(4 * len(self.runs)):
            for run in self.runs:
                await self.step(run, "last")
        self.come_back()


happenings = st.lists(
    st.tuples(
        st.sampled_from(["step"] * 12 + ["give_up", "come_back", "renew", "later", "jump"]),
        st.integers(0, 4),
        st.integers(0, 2),
    ),
    max_size=50,
)
needs = st.lists(
    st.sets(st.sampled_from(RESOURCES), min_size=1).map(lambda s: tuple(sorted(s))),
    min_size=2,
    max_size=5,
)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    opened = open_engine(f"sqlite:///{tmp_path_factory.mktemp('spans') / 'vigil.sqlite'}")
    migrate(opened)
    yield opened
    opened.dispose()


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(needs=needs, happenings=happenings)
def test_acts_on_overlapping_sets_never_mix_and_all_come_to_an_end(
    engine: Engine, needs: list[tuple[str, ...]], happenings: list[tuple[str, int, int]]
) -> None:
    asyncio.run(_told(engine, needs, happenings))


async def _told(
    engine: Engine, needs: list[tuple[str, ...]], happenings: list[tuple[str, int, int]]
) -> None:
    with engine.begin() as connection:
        connection.execute(delete(lock_rows))
        connection.execute(delete(line_rows))
    runs = [Run(f"inc-{number}", needed) for number, needed in enumerate(needs)]
    world = World(SqlLocks(engine), runs)
    for what, which, who in happenings:
        await world.play(what, which, who)
    await world.end()
    assert all(run.closed for run in runs)
    assert await world.locks.held() == ()
    assert await world.locks.ready(10) == ()


async def test_the_target_notices_when_two_mix() -> None:
    target = Target()
    assert target.act("one", [Fence(resource="a", token=1)])
    with pytest.raises(AssertionError, match="two acts on a amid one"):
        target.act("two", [Fence(resource="a", token=2)])
