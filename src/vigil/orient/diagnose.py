"""Run a runbook's diagnosis checks: look again, now, for what each expects to be or not to be."""

from types import MappingProxyType

from vigil.domain.case import Investigation
from vigil.domain.evidence import Finding
from vigil.domain.runbook import Check, CheckExpectation, CheckResult, Runbook
from vigil.orient.investigate import investigate
from vigil.orient.scene import Scene

LOOKED_FOR_BY = MappingProxyType(
    {
        Finding.SYMPTOM_FAILING: "symptom",
        Finding.SYMPTOM_PASSING: "symptom",
        Finding.CONDITION_HOLDS: "symptom",
        Finding.CONDITION_CLEAR: "symptom",
        Finding.RELEASE_RECENT: "releases",
        Finding.RELEASE_JUST_BEFORE: "releases",
        Finding.NO_RELEASE_RECENT: "releases",
        Finding.CODE_ERRORS: "errors",
        Finding.DEPENDENCY_ERRORS: "errors",
        Finding.ERRORS_SINCE_RELEASE: "errors",
        Finding.ERRORS_BEFORE_RELEASE: "errors",
        Finding.DEPENDENCY_FAILING: "dependencies",
        Finding.DEPENDENCIES_PASSING: "dependencies",
        Finding.DATABASE_LOCK: "dependencies",
        Finding.PROCESS_DOWN: "processes",
        Finding.PROCESSES_UP: "processes",
        Finding.NO_PROGRESS: "progress",
        Finding.PROGRESS: "progress",
        Finding.WORK_PAUSED: "progress",
        Finding.SESSION_LEAKED: "sessions",
        Finding.SESSION_FOREIGN: "sessions",
        Finding.SESSION_BUSY: "sessions",
        Finding.NO_SESSION_BLOCKS: "sessions",
        Finding.LATENCY_UP: "latency",
        Finding.SLOWER_SINCE_RELEASE: "latency",
        Finding.SLOWER_BEFORE_RELEASE: "latency",
    }
)


async def diagnose(
    runbooks: tuple[Runbook, ...], scene: Scene
) -> dict[str, tuple[CheckResult, ...]]:
    """Results of the checks by runbook id; each investigator looks once for all of them."""
    asked = {
        LOOKED_FOR_BY[finding]
        for runbook in runbooks
        for check in runbook.checks
        for finding in check.findings
        if finding in LOOKED_FOR_BY
    }
    fresh = await investigate(scene, asked, prefix="check-")
    return {r.id: tuple(_result(check, fresh) for check in r.checks) for r in runbooks}


def _result(check: Check, fresh: Investigation) -> CheckResult:
    """What is found counts although somebody could not look; what is not found does not."""
    investigators = {LOOKED_FOR_BY.get(finding) for finding in check.findings}
    looked = [e for e in fresh.evidence if e.investigator in investigators]
    hits = [e for e in looked if e.finding in check.findings]
    blind = None in investigators or any(e.finding is Finding.BLIND for e in looked)
    if blind and not hits:
        return CheckResult(check=check.id, passed=None, text="Nobody could look.")
    present = check.expect is CheckExpectation.PRESENT
    return CheckResult(
        check=check.id,
        passed=bool(hits) is present,
        text=hits[0].text if hits else f"Not found: {', '.join(check.findings)}.",
        evidence=tuple(e.id for e in hits),
    )
