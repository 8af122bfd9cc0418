"""A runbook's diagnosis checks: one finding or any of several, present or absent (below 1 s)."""

import pytest
from tests.phases.test_orient import errors, release
from tests.phases.values import incident
from tests.support.hand_clock import START, HandClock
from tests.support.world import (
    Script,
    ScriptedChanges,
    ScriptedInventories,
    ScriptedProbes,
    ScriptedSessions,
    ScriptedTelemetry,
    catalogue,
)

from vigil.domain.effects import Risk
from vigil.domain.evidence import UNSEEN, Finding
from vigil.domain.hypothesis import FailureType
from vigil.domain.runbook import Check, CheckExpectation, CheckResult, Runbook
from vigil.domain.telemetry import ErrorGroup, ErrorOrigin, Latency
from vigil.orient.diagnose import LOOKED_FOR_BY, diagnose
from vigil.orient.investigators import INVESTIGATORS
from vigil.orient.scene import Scene, Senses

PRESENT, ABSENT = CheckExpectation.PRESENT, CheckExpectation.ABSENT
SINCE = (Finding.ERRORS_SINCE_RELEASE, Finding.SLOWER_SINCE_RELEASE)
CODE = (errors(ErrorOrigin.CODE, "r2"),)


async def check(
    finding: Finding | tuple[Finding, ...],
    expect: CheckExpectation = PRESENT,
    *,
    probes: dict[str, Script] | None = None,
    log: tuple[ErrorGroup, ...] | None = (),
    slow: bool = False,
) -> CheckResult:
    """One check of one runbook over the usual world."""
    clock = HandClock()
    latency = Latency(now_s=2.0, requests=9, before_s=0.02, since=START, at=START)
    senses = Senses(
        probes=ScriptedProbes(clock, probes or {}),
        telemetry=ScriptedTelemetry(
            clock, errors=lambda: log, slow=lambda *_: latency if slow else None
        ),
        changes=ScriptedChanges((release(60), release(600, "r1"))),
        sessions=ScriptedSessions(),
        inventories=ScriptedInventories(),
        clock=clock,
    )
    runbook = Runbook(
        id="some",
        title="Some",
        service=("web-application",),
        failure_types=(FailureType.BAD_RELEASE,),
        risk_level=Risk.LOW,
        checks=(Check(id="it", title="It", finding=finding, expect=expect),),
        steps=(),
        body="",
        path="some.md",
    )
    results = await diagnose((runbook,), Scene(incident(), catalogue(), senses))
    (result,) = results["some"]
    return result


@pytest.mark.parametrize(
    ("log", "slow", "expect", "passed"),
    [
        pytest.param(CODE, False, PRESENT, True, id="errors"),
        pytest.param((), True, PRESENT, True, id="slow"),
        pytest.param(CODE, True, PRESENT, True, id="both"),
        pytest.param((), False, PRESENT, False, id="neither"),
        pytest.param((), False, ABSENT, True, id="neither, as it should be"),
        pytest.param((), True, ABSENT, False, id="one that should be absent"),
        pytest.param(None, True, PRESENT, True, id="one is seen, nobody could look for the other"),
        pytest.param(None, True, ABSENT, False, id="one that should be absent, the other unseen"),
        pytest.param(None, False, PRESENT, None, id="nobody could look for one of them"),
        pytest.param(None, False, ABSENT, None, id="nobody could look whether one is absent"),
    ],
)
async def test_any_of_several_findings_is_enough(
    log: tuple[ErrorGroup, ...] | None, slow: bool, expect: CheckExpectation, passed: bool | None
) -> None:
    result = await check(SINCE, expect, log=log, slow=slow)
    assert result.passed is passed
    assert bool(result.evidence) is (log == CODE or slow)


@pytest.mark.parametrize(
    ("probes", "expect", "passed"),
    [
        ({"db/lock-waiters": "F"}, PRESENT, True),
        ({"db/lock-waiters": "F"}, ABSENT, False),
        ({}, PRESENT, False),
        ({}, ABSENT, True),
        ({"db/lock-waiters": "?"}, PRESENT, None),
        ({"db/lock-waiters": "?"}, ABSENT, None),
    ],
)
async def test_one_finding(
    probes: dict[str, Script], expect: CheckExpectation, passed: bool | None
) -> None:
    assert (await check(Finding.DATABASE_LOCK, expect, probes=probes)).passed is passed


@pytest.mark.parametrize("finding", sorted(UNSEEN))
async def test_what_nobody_looks_for_is_never_passed(finding: Finding) -> None:
    for expect in (PRESENT, ABSENT):
        assert (await check(finding, expect)).passed is None
    both = (Finding.CODE_ERRORS, finding)
    assert (await check(both, log=CODE)).passed is True
    assert (await check(both)).passed is None


def test_somebody_looks_for_every_other_finding() -> None:
    assert set(LOOKED_FOR_BY) == set(Finding) - UNSEEN
    assert set(LOOKED_FOR_BY.values()) == set(INVESTIGATORS)
