"""Who holds up others in the database, and is it a leak (below 1 s)."""

from collections.abc import Callable

import pytest
from tests.phases.values import incident
from tests.support.hand_clock import HandClock
from tests.support.world import (
    ScriptedChanges,
    ScriptedInventories,
    ScriptedProbes,
    ScriptedSessions,
    ScriptedTelemetry,
    catalogue,
)

from vigil.domain.catalogue import Catalogue, SessionsSource, Telemetry
from vigil.domain.evidence import Evidence
from vigil.domain.telemetry import BlockingSession
from vigil.orient.investigate import investigate
from vigil.orient.scene import Scene, Senses

Seen = tuple[BlockingSession, ...] | None


def watched() -> Catalogue:
    """The usual world, with a view of the sessions."""
    known = catalogue()
    source = SessionsSource(on="db", dsn="host=/run/pg", role="shop")
    web = known.services["web"].model_copy(update={"telemetry": Telemetry(sessions=source)})
    return known.model_copy(update={"services": {**known.services, "web": web}})


def session(
    *, role: str = "shop", idle: bool = True, seconds: float = 8.0, transaction_s: float = 9.0
) -> BlockingSession:
    return BlockingSession(
        id="4711.1772366400000000",
        role=role,
        application="backfill",
        idle_in_transaction=idle,
        seconds=seconds,
        transaction_s=transaction_s,
        holds_up=3,
    )


async def look(
    blocking: Callable[[], Seen], known: Catalogue | None = None
) -> tuple[list[Evidence], HandClock]:
    clock = HandClock()
    senses = Senses(
        probes=ScriptedProbes(clock, {}),
        telemetry=ScriptedTelemetry(clock),
        changes=ScriptedChanges(None),
        sessions=ScriptedSessions(blocking),
        inventories=ScriptedInventories(),
        clock=clock,
    )
    scene = Scene(incident(), known or watched(), senses)
    return [*(await investigate(scene, ("sessions",))).evidence], clock


@pytest.mark.parametrize(
    ("seen", "findings"),
    [
        ((session(),), ["session_leaked"]),
        ((session(role="postgres"),), ["session_foreign"]),
        ((session(idle=False),), ["session_busy"]),
        ((session(idle=False, role="postgres"),), ["session_busy"]),
        ((session(seconds=0.2, transaction_s=60),), ["session_busy"]),
        ((session(idle=False, seconds=0.2, transaction_s=60),), ["session_busy"]),
        ((session(seconds=0.2, transaction_s=0.4),), ["no_session_blocks"]),
        ((session(idle=False, seconds=0.2, transaction_s=0.4),), ["no_session_blocks"]),
        ((session(), session(idle=False)), ["session_leaked", "session_busy"]),
        ((session(), session(role="ann")), ["session_leaked", "session_foreign"]),
        ((), ["no_session_blocks"]),
        (None, ["blind"]),
    ],
)
async def test_what_is_found(seen: Seen, findings: list[str]) -> None:
    evidence, _ = await look(lambda: seen)
    assert [e.finding.value for e in evidence] == findings
    assert all(e.component == "db" for e in evidence)


async def test_a_leak_is_described() -> None:
    ((leak,), clock) = await look(lambda: (session(),))
    assert leak.data == {
        "session": "4711.1772366400000000",
        "role": "shop",
        "application": "backfill",
        "seconds": 8.0,
        "holds_up": 3,
    }
    assert "idle in a transaction for 8 s and holds up 3" in leak.text
    assert clock.elapsed() == 0, "nobody waits for what is seen at once"


async def test_those_who_wait_come_and_go() -> None:
    looks = iter([(), (), (session(idle=False),), (), (session(),)])
    evidence, clock = await look(lambda: next(looks))
    assert [e.finding.value for e in evidence] == ["session_leaked"]
    assert clock.elapsed() == 2


async def test_somebody_who_finished_while_looking_was_at_work() -> None:
    looks = iter([(session(idle=False),), *[()] * 6])
    evidence, clock = await look(lambda: next(looks))
    assert [e.finding.value for e in evidence] == ["session_busy"]
    assert clock.elapsed() == 3


async def test_one_look_that_failed_is_made_good_by_the_next() -> None:
    looks = iter([None, (session(),)])
    evidence, _ = await look(lambda: next(looks))
    assert [e.finding.value for e in evidence] == ["session_leaked"]


async def test_a_look_that_failed_is_not_a_look_that_saw_nobody() -> None:
    looks = iter([(), None, (), (), (), (), ()])
    evidence, _ = await look(lambda: next(looks))
    assert [e.finding.value for e in evidence] == ["blind"]


async def test_a_service_without_a_view_of_its_sessions_says_nothing() -> None:
    assert (await look(lambda: (session(),), catalogue()))[0] == []
