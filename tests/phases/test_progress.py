"""Does a worker get its work done: paused, hung, busy, or nobody knows (below 1 s)."""

from collections.abc import Callable

import pytest
from tests.phases.values import incident
from tests.support.hand_clock import HandClock
from tests.support.world import (
    Script,
    ScriptedChanges,
    ScriptedInventories,
    ScriptedProbes,
    ScriptedSessions,
    ScriptedTelemetry,
    http,
)

from vigil.domain.catalogue import Catalogue, Processes, Service, ServiceKind, Symptom, Watch, Work
from vigil.domain.evidence import Evidence
from vigil.domain.telemetry import Growth
from vigil.orient.investigate import investigate
from vigil.orient.scene import Scene, Senses

WORK = Work(backlog="orders-waiting", done="orders_fulfilled_total", paused="paused")


def worker(work: Work | None = WORK, interval_s: float = 1.0) -> Catalogue:
    service = Service(
        kind=ServiceKind.WORKER,
        processes=Processes(supervisor="/run/s.sock", names=("worker-1",)),
        probes={"orders-waiting": http("waiting"), "paused": http("paused")},
        symptoms={"late": Symptom(probes=("orders-waiting",))},
        work=work,
    )
    return Catalogue(version=1, watch=Watch(interval_s=interval_s), services={"worker": service})


async def look(
    probes: dict[str, Script],
    growth: Callable[[HandClock], Growth | None],
    catalogue: Catalogue | None = None,
) -> tuple[list[Evidence], HandClock]:
    """What is found, and the clock that says how long it took."""
    clock = HandClock()
    senses = Senses(
        probes=ScriptedProbes(clock, {f"worker/{name}": s for name, s in probes.items()}),
        telemetry=ScriptedTelemetry(clock, grown=lambda: growth(clock)),
        changes=ScriptedChanges(None),
        sessions=ScriptedSessions(),
        inventories=ScriptedInventories(),
        clock=clock,
    )
    scene = Scene(incident("worker", "late"), catalogue or worker(), senses)
    return [*(await investigate(scene, ("progress",))).evidence], clock


def grew(by: float, *silent: str) -> Callable[[HandClock], Growth]:
    return lambda clock: Growth(by=by, silent=silent, window_s=10, at=clock.now())


def one_after_the_other(*each: Callable[[HandClock], Growth]) -> Callable[[HandClock], Growth]:
    looks = iter(each)

    def look_once(clock: HandClock) -> Growth:
        return next(looks)(clock)

    return look_once


def unknown(_: HandClock) -> None:
    return None


LATE: dict[str, Script] = {"orders-waiting": "F"}


@pytest.mark.parametrize(
    ("probes", "growth", "findings"),
    [
        pytest.param(LATE, grew(0), ["no_progress"], id="metrics alive, nothing finished"),
        pytest.param(LATE, grew(0, "worker-1"), ["no_progress"], id="metrics silent"),
        pytest.param(LATE, grew(4), ["progress"], id="busy: work is finished all the time"),
        pytest.param({}, grew(4), ["progress"], id="no work waits"),
        pytest.param({}, grew(0), ["progress"], id="no work waits and none comes"),
        pytest.param({}, unknown, ["progress"], id="no work waits, whatever the metrics say"),
        pytest.param(LATE | {"paused": "F"}, grew(0), ["work_paused"], id="paused"),
        pytest.param(LATE | {"paused": "F"}, unknown, ["work_paused"], id="paused, no metrics"),
        pytest.param({"paused": "F"}, grew(0), ["work_paused"], id="paused, no work waits yet"),
        pytest.param(LATE, unknown, ["blind"], id="the counter is not known"),
        pytest.param({"orders-waiting": "?"}, grew(0), ["blind"], id="the backlog is not known"),
        pytest.param(
            LATE | {"processes-running": "F"},
            grew(0, "worker-1"),
            ["blind"],
            id="silent because it is down",
        ),
        pytest.param(
            LATE | {"processes-running": "?"},
            grew(0, "worker-1"),
            ["blind"],
            id="silent, and nobody knows whether it is there",
        ),
        pytest.param(
            LATE | {"paused": "?"}, grew(0), ["blind", "no_progress"], id="perhaps it is paused"
        ),
    ],
)
async def test_what_is_found(
    probes: dict[str, Script], growth: Callable[[HandClock], Growth | None], findings: list[str]
) -> None:
    evidence, clock = await look(probes, growth)
    assert [e.finding.value for e in evidence] == findings
    assert all(e.component == "worker" for e in evidence)
    assert clock.elapsed() <= 10


async def test_what_was_finished_before_it_stopped_is_waited_out() -> None:
    evidence, clock = await look(LATE, one_after_the_other(grew(9), grew(5), grew(2), grew(0)))
    assert [e.finding.value for e in evidence] == ["no_progress"]
    assert clock.elapsed() == 7.5


async def test_a_backlog_that_is_worked_off_while_looking_is_progress() -> None:
    evidence, clock = await look({"orders-waiting": "FFP"}, grew(3))
    assert [e.finding.value for e in evidence] == ["progress"]
    assert clock.elapsed() == 5


async def test_one_scrape_that_failed_is_no_silence() -> None:
    growth = one_after_the_other(grew(0, "worker-1"), *[grew(3)] * 4)
    evidence, _ = await look(LATE, growth)
    assert [e.finding.value for e in evidence] == ["progress"]


async def test_looks_are_not_closer_than_scrapes() -> None:
    _, clock = await look(LATE, grew(0, "worker-1"), worker(interval_s=5))
    assert clock.elapsed() == 5


async def test_a_service_that_takes_no_work_has_no_progress_to_look_at() -> None:
    assert (await look(LATE, grew(0), worker(None)))[0] == []


async def test_nobody_pauses_what_has_no_pause() -> None:
    without = worker(WORK.model_copy(update={"paused": None}))
    evidence, _ = await look(LATE | {"paused": "F"}, grew(0), without)
    assert [e.finding.value for e in evidence] == ["no_progress"]
