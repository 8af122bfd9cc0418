"""In a clear case the runbook that is meant for it is found first, and fits well enough to act."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.phases.values import incident
from tests.support.hand_clock import START, HandClock
from tests.support.world import (
    NEW,
    OLD,
    Script,
    ScriptedChanges,
    ScriptedInventories,
    ScriptedProbes,
    ScriptedSessions,
    ScriptedTelemetry,
    catalogue,
    http,
)

from vigil.cli.runbooks import read_library
from vigil.domain.case import Ranking, Recollection
from vigil.domain.catalogue import (
    Catalogue,
    Processes,
    Service,
    ServiceKind,
    SessionsSource,
    Symptom,
    Telemetry,
    Work,
)
from vigil.domain.change import Release
from vigil.domain.hypothesis import FailureType
from vigil.domain.policy import Policy
from vigil.domain.telemetry import BlockingSession, ErrorGroup, ErrorOrigin, Growth, Latency
from vigil.integrations._clients.database import migrate, open_engine
from vigil.integrations.memory import memory_in
from vigil.orient.hypothesize import hypothesize
from vigil.orient.investigate import investigate
from vigil.orient.investigators import INVESTIGATORS
from vigil.orient.recall import recall
from vigil.orient.scene import Scene, Senses
from vigil.ports.memory import Memory

SHIPPED = Path(__file__).parents[2] / "runbooks"
ENOUGH = Policy().auto_context_match
RELEASED = Release(
    at=START - timedelta(seconds=20), service="web", release="r2", digest=NEW, previous=OLD
)
ERRORS = ErrorGroup(
    type="TypeError",
    origin=ErrorOrigin.CODE,
    release="r2",
    count=9,
    first_at=START - timedelta(seconds=10),
    last_at=START,
    instances=("web-1",),
    sample="unsupported operand",
)
SLOW = Latency(now_s=2.3, requests=30, before_s=0.05, just_before_s=0.05, since=START, at=START)
LEAKED = BlockingSession(
    id="4711.1764023523000000",
    role="shop",
    application="backfill",
    idle_in_transaction=True,
    seconds=30,
    transaction_s=31,
    holds_up=8,
)
WORKER = Service(
    kind=ServiceKind.WORKER,
    depends_on=("db",),
    processes=Processes(supervisor="/run/s.sock", names=("packer-1",)),
    probes={"oldest": http("oldest"), "paused": http("paused")},
    symptoms={"orders-unfulfilled": Symptom(probes=("oldest",))},
    work=Work(backlog="oldest", done="packed_total", paused="paused"),
)


@pytest.fixture
def memory(database_url: str) -> Iterator[Memory]:
    engine = open_engine(database_url)
    migrate(engine)
    yield memory_in(engine)
    engine.dispose()


def whole() -> Catalogue:
    """The shop's catalogue with a worker, and with sessions that can be watched."""
    known = catalogue()
    sessions = SessionsSource(on="db", dsn="host=/run/pg", role="shop")
    web = known.services["web"].model_copy(update={"telemetry": Telemetry(sessions=sessions)})
    return Catalogue(version=1, services={**known.services, "web": web, "packer": WORKER})


async def found(
    memory: Memory,
    telemetry: ScriptedTelemetry,
    probes: dict[str, Script],
    *released: Release,
    of: tuple[str, str] = ("web", "checkout-errors"),
    blocking: tuple[BlockingSession, ...] = (),
) -> tuple[Ranking, Recollection]:
    """What Vigil thinks and finds in a world that looks like this."""
    library = read_library(SHIPPED)
    assert library.mistakes == ()
    await memory.ingest("shipped", library.runbooks)
    senses = Senses(
        probes=ScriptedProbes(telemetry.clock, probes),
        telemetry=telemetry,
        changes=ScriptedChanges(released),
        sessions=ScriptedSessions(lambda: blocking),
        inventories=ScriptedInventories(),
        clock=telemetry.clock,
    )
    scene = Scene(incident(*of), whole(), senses)
    ranking = hypothesize(of[0], await investigate(scene, INVESTIGATORS))
    return ranking, await recall(scene, ranking, memory)


def check(seen: tuple[Ranking, Recollection], failure_type: FailureType, runbook: str) -> None:
    ranking, recollection = seen
    assert ranking.top.failure_type is failure_type
    first, *others = recollection.matches
    assert first.runbook.id == runbook
    assert first.context_match >= ENOUGH
    assert [c for c in first.checks if not c.passed] == []
    assert "text match 1.00" in first.reasons, "it is the best by its words alone as well"
    assert all(other.context_match < ENOUGH for other in others)


async def test_a_release_that_fails(memory: Memory) -> None:
    world = ScriptedTelemetry(
        HandClock(),
        bad=lambda: 0.5,
        errors=lambda: (ERRORS,),
    )
    seen = await found(memory, world, {"web/checkout": "F"}, RELEASED)
    check(seen, FailureType.BAD_RELEASE, "bad-release")


async def test_a_release_that_is_slow(memory: Memory) -> None:
    world = ScriptedTelemetry(
        HandClock(),
        bad=lambda: 0.0,
        errors=lambda: (),
        slow=lambda since, where: SLOW,
    )
    seen = await found(memory, world, {"web/checkout": "F"}, RELEASED)
    check(seen, FailureType.BAD_RELEASE, "bad-release")


async def test_a_worker_that_hangs(memory: Memory) -> None:
    clock = HandClock()
    still = Growth(by=0, silent=(), window_s=10, at=START)
    world = ScriptedTelemetry(clock, errors=lambda: (), grown=lambda: still)
    seen = await found(memory, world, {"packer/oldest": "F"}, of=("packer", "orders-unfulfilled"))
    check(seen, FailureType.PROCESS_HUNG, "worker-hung")


async def test_a_session_that_leaked(memory: Memory) -> None:
    world = ScriptedTelemetry(HandClock(), bad=lambda: 0.9, errors=lambda: ())
    probes: dict[str, Script] = {"web/checkout": "F", "db/lock-waiters": "F"}
    seen = await found(memory, world, probes, blocking=(LEAKED,))
    check(seen, FailureType.LEAKED_SESSION, "leaked-session")
