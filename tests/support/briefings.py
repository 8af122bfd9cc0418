"""One incident as a reasoner is told of it, and a sound answer to it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vigil.cli.runbooks import read_library
from vigil.domain.alert import Severity
from vigil.domain.briefing import Briefing
from vigil.domain.catalogue import Processes, Service, ServiceKind
from vigil.domain.evidence import Evidence, Finding
from vigil.domain.filled_in import filled_in
from vigil.domain.hypothesis import FailureType, Hypothesis
from vigil.domain.incident import Incident
from vigil.domain.parameters import Missing, parameters_of
from vigil.domain.runbook import CheckResult, Record, RunbookMatch
from vigil.domain.verbs.process import ProcessRestartGrant
from vigil.domain.verbs.release import ReleaseSwitchGrant

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BAD, GOOD = "sha256:" + "b" * 64, "sha256:" + "9" * 64
SHIPPED = {
    runbook.id: runbook for runbook in read_library(Path(__file__).parents[2] / "runbooks").runbooks
}
SERVICE = Service(
    kind=ServiceKind.WEB_APPLICATION,
    processes=Processes(supervisor="/s.sock", names=("web-1", "web-2")),
    grants={
        "release": ReleaseSwitchGrant(verb="release.switch", link="/l", releases="/r"),
        "restart": ProcessRestartGrant(
            verb="process.restart", supervisor="/s.sock", processes=("web-1", "web-2")
        ),
    },
)


def seen(name: str, finding: Finding, text: str = "", **data: str | None) -> Evidence:
    return Evidence(
        id=name,
        investigator=name.split("-", maxsplit=1)[0],
        finding=finding,
        component="web",
        text=text or f"Saw {finding}.",
        data={**data},
        at=AT,
    )


EVIDENCE = (
    seen("symptom-1", Finding.SYMPTOM_FAILING),
    seen("releases-1", Finding.RELEASE_RECENT, release="web-7", digest=BAD, previous=GOOD),
    seen("errors-1", Finding.ERRORS_SINCE_RELEASE),
)


def briefing(*more: Evidence, severity: Severity = Severity.CRITICAL) -> Briefing:
    """A bad release of a service that could go back, and what was seen of it."""
    runbook = SHIPPED["bad-release"]
    checks = tuple(
        CheckResult(check=each.id, passed=True, text="Looked.") for each in runbook.checks
    )
    return Briefing(
        incident=Incident(
            id="inc-1",
            service="web",
            symptom="checkout-failing",
            severity=severity,
            title="Checkout fails",
            opened_at=AT,
        ),
        service=SERVICE,
        hypotheses=(
            Hypothesis(
                failure_type=FailureType.BAD_RELEASE,
                component="web",
                likelihood=0.97,
                supported_by=("releases-1", "errors-1"),
                text="The release web-7 broke it.",
            ),
        ),
        evidence=(*EVIDENCE, *more),
        matches=(
            RunbookMatch(
                runbook=runbook,
                context_match=95,
                checks=checks,
                record=Record(trials=0, successes=0),
                reasons=(),
            ),
        ),
    )


def answer(**more: object) -> dict[str, Any]:
    """What a careful model would answer to it: the runbook as it is filled in."""
    known = briefing()
    parameters = parameters_of("web", SERVICE, known.evidence, ("releases-1",))
    actions = [action for _, action in filled_in(SHIPPED["bad-release"], parameters)]
    assert not any(isinstance(action, Missing) for action in actions)
    step = {"text": "Seen.", "evidence": ["errors-1"]}
    return {
        "decision": "act",
        "summary": "Go back to the release before.",
        **dict.fromkeys(("symptom", "cause", "runbook", "remediation", "proof"), step),
        "follows_runbook": "bad-release",
        "actions": [action.model_dump(mode="json") for action in actions],
        "verify_with": [],
        "risk": "MEDIUM",
        "risk_reasons": ["Requests in flight are cut off."],
        "alternatives": ["Restarting alone: the fault is in the code."],
        "would_change_mind": ["The same errors before the release."],
        **more,
    }


def escalation(why: str = "I do not know.") -> dict[str, Any]:
    """What it would answer when it does not know."""
    proof = {"text": why, "evidence": []}
    return answer(decision="escalate", actions=[], follows_runbook=None, proof=proof)
