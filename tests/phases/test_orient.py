"""Investigators over a scripted world: what they see, and what they say when blind (below 1 s)."""

import asyncio
from datetime import timedelta

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
)

from vigil.domain.case import Investigation
from vigil.domain.catalogue import RUNNING, Processes
from vigil.domain.change import Release
from vigil.domain.errors import PortUnavailable
from vigil.domain.evidence import Finding
from vigil.domain.telemetry import ErrorGroup, ErrorOrigin
from vigil.domain.value import Instant
from vigil.orient import investigate as investigating
from vigil.orient.investigate import investigate
from vigil.orient.scene import Scene, Senses


def release(seconds_before: float, name: str = "r2", by: str = "ci") -> Release:
    return Release(
        at=START - timedelta(seconds=seconds_before),
        service="web",
        release=name,
        digest=NEW,
        previous=OLD,
        by=by,
    )


def errors(origin: ErrorOrigin, release_name: str, seconds_before: float = 5) -> ErrorGroup:
    at = START - timedelta(seconds=seconds_before)
    return ErrorGroup(
        type="TypeError",
        origin=origin,
        release=release_name,
        count=9,
        first_at=at,
        last_at=START,
        instances=("web-1",),
        sample="unsupported operand",
    )


async def look(
    *names: str,
    probes: dict[str, Script] | None = None,
    bad: float | None = None,
    log: tuple[ErrorGroup, ...] | None = None,
    released: tuple[Release, ...] | None = None,
    symptom: str = "checkout-errors",
) -> tuple[Investigation, HandClock]:
    clock = HandClock()
    senses = Senses(
        probes=ScriptedProbes(clock, probes or {}),
        telemetry=ScriptedTelemetry(clock, bad=lambda: bad, errors=lambda: log),
        changes=ScriptedChanges(released),
        sessions=ScriptedSessions(),
        inventories=ScriptedInventories(),
        clock=clock,
    )
    scene = Scene(incident(symptom=symptom), catalogue(), senses)
    return await investigate(scene, names), clock


def found(investigation: Investigation) -> list[Finding]:
    return [e.finding for e in investigation.evidence]


@pytest.mark.parametrize(
    ("script", "bad", "findings"),
    [
        ("F", 0.5, ["symptom_failing", "condition_holds"]),
        ("F", None, ["symptom_failing", "condition_unknown"]),
        ("P", 0.0, ["symptom_passing", "condition_clear"]),
        ("PF", 0.0, ["symptom_failing", "condition_clear"]),
        ("PPF", 0.0, ["symptom_failing", "condition_clear"]),
        ("PPPPPF", 0.5, ["symptom_failing", "condition_holds"]),
        ("PP?", 0.0, ["symptom_unknown", "condition_clear"]),
        ("?", 0.0, ["symptom_unknown", "condition_clear"]),
        ("P", 0.5, ["symptom_passing", "condition_holds"]),
    ],
)
async def test_the_symptom_is_confirmed(
    script: str, bad: float | None, findings: list[str]
) -> None:
    investigation, clock = await look("symptom", probes={"web/checkout": script}, bad=bad)
    assert found(investigation) == findings
    if "symptom_passing" in findings:
        assert clock.elapsed() == 10, "healthy is only what stays healthy"


async def test_an_alert_that_maps_to_nothing_is_unknown_not_healthy() -> None:
    investigation, _ = await look("symptom", symptom="alert:DiskFull", bad=0.0)
    assert found(investigation) == ["symptom_unknown", "condition_unknown"]


@pytest.mark.parametrize(
    ("released", "findings"),
    [
        (None, ["blind"]),
        ((), ["no_release_recent"]),
        ((release(60),), ["release_recent", "release_just_before"]),
        ((release(600),), ["release_recent"]),
        ((release(3600),), ["no_release_recent"]),
        ((release(60, by="vigil"),), ["no_release_recent"]),
    ],
)
async def test_releases(released: tuple[Release, ...] | None, findings: list[str]) -> None:
    investigation, _ = await look("releases", released=released)
    assert found(investigation) == findings


@pytest.mark.parametrize(
    ("log", "findings"),
    [
        (None, ["blind"]),
        ((), []),
        ((errors(ErrorOrigin.CODE, "r2"),), ["code_errors", "errors_since_release"]),
        (
            (errors(ErrorOrigin.CODE, "r2"), errors(ErrorOrigin.CODE, "r1", 90)),
            ["code_errors", "errors_before_release"],
        ),
        (
            (errors(ErrorOrigin.CODE, "r2"), errors(ErrorOrigin.CODE, "r0", 9000)),
            ["code_errors", "errors_since_release"],
        ),
        ((errors(ErrorOrigin.DEPENDENCY, "r2"),), ["dependency_errors"]),
        ((errors(ErrorOrigin.DEPENDENCY, "r2").model_copy(update={"count": 2}),), []),
        ((errors(ErrorOrigin.UNCLEAR, "r2"),), []),
    ],
)
async def test_errors_and_whether_they_came_with_the_release(
    log: tuple[ErrorGroup, ...] | None, findings: list[str]
) -> None:
    known = (release(60), release(600, "r1"), release(6000, "r0"))
    investigation, _ = await look("errors", log=log, released=known)
    assert found(investigation) == findings


@pytest.mark.parametrize(
    ("probes", "findings"),
    [
        ({}, ["dependencies_passing"]),
        ({"db/accepts": "F"}, ["dependency_failing"]),
        ({"db/lock-waiters": "F"}, ["database_lock"]),
        ({"db/lock-waiters": "?"}, ["blind"]),
        ({"db/accepts": "F", "db/lock-waiters": "F"}, 2 * ["dependency_failing"]),
    ],
)
async def test_dependencies(probes: dict[str, Script], findings: list[str]) -> None:
    investigation, _ = await look("dependencies", probes=probes)
    assert found(investigation) == findings


async def test_a_dependency_whose_processes_do_not_run_is_failing() -> None:
    clock = HandClock()
    senses = Senses(
        probes=ScriptedProbes(clock, {f"db/{RUNNING}": "F"}),
        telemetry=ScriptedTelemetry(clock),
        changes=ScriptedChanges(None),
        sessions=ScriptedSessions(),
        inventories=ScriptedInventories(),
        clock=clock,
    )
    known = catalogue()
    processes = Processes(supervisor="/run/s.sock", names=("postgres",))
    database = known.services["db"].model_copy(update={"processes": processes})
    known = known.model_copy(update={"services": {**known.services, "db": database}})
    investigation = await investigate(Scene(incident(), known, senses), ("dependencies",))
    assert found(investigation) == [Finding.DEPENDENCY_FAILING]


@pytest.mark.parametrize(
    ("probes", "findings"),
    [
        ({}, ["processes_up"]),
        ({"web/web-2": "F"}, ["process_down"]),
        ({"web/web-2": "FFP"}, ["processes_up"]),
        ({"web/web-1": "?"}, ["blind"]),
    ],
)
async def test_processes(probes: dict[str, Script], findings: list[str]) -> None:
    investigation, _ = await look("processes", probes=probes)
    assert found(investigation) == findings


async def test_one_that_fails_leaves_the_evidence_that_nobody_looked() -> None:
    class Broken(ScriptedChanges):
        async def releases(self, service: str, since: Instant) -> tuple[Release, ...] | None:
            raise PortUnavailable("the release log does not answer")

    clock = HandClock()
    senses = Senses(
        probes=ScriptedProbes(clock, {}),
        telemetry=ScriptedTelemetry(clock, errors=lambda: ()),
        changes=Broken(),
        sessions=ScriptedSessions(),
        inventories=ScriptedInventories(),
        clock=clock,
    )
    scene = Scene(incident(), catalogue(), senses)
    investigation = await investigate(scene, ("releases", "processes"))
    assert found(investigation) == ["blind", "processes_up"]
    assert investigation.evidence[0].text == "the release log does not answer"


async def test_one_that_is_late_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    class Late(ScriptedChanges):
        async def releases(self, service: str, since: Instant) -> tuple[Release, ...] | None:
            await asyncio.sleep(60)
            return ()

    # The deadline is seconds of the machine; nobody should wait them out in a test.
    monkeypatch.setattr(investigating, "DEADLINE_S", 0.05)
    clock = HandClock()
    senses = Senses(
        probes=ScriptedProbes(clock, {}),
        telemetry=ScriptedTelemetry(clock),
        changes=Late(),
        sessions=ScriptedSessions(),
        inventories=ScriptedInventories(),
        clock=clock,
    )
    investigation = await investigate(Scene(incident(), catalogue(), senses), ("releases",))
    assert found(investigation) == ["blind"]


async def test_ids_of_evidence_are_unique_and_a_second_look_tells_itself_apart() -> None:
    investigation, _ = await look("symptom", "dependencies", probes={"db/accepts": "F"}, bad=0.5)
    ids = [e.id for e in investigation.evidence]
    assert len(set(ids)) == len(ids)
    assert all(e.id.startswith(f"{e.investigator}-") for e in investigation.evidence)
