"""Evidence, incidents and plans, as short as a test can say them."""

from tests.support.hand_clock import START

from vigil.domain.alert import Severity
from vigil.domain.case import Investigation
from vigil.domain.catalogue import Catalogue
from vigil.domain.effects import Risk
from vigil.domain.evidence import Evidence, Finding
from vigil.domain.incident import Incident
from vigil.domain.plan import Action, ActionResult, ActionStatus, Execution, Plan, Reason
from vigil.domain.probe import ProbeRef
from vigil.guard import analyse_action

SWITCH_BACK = f"vigil-do release.switch release sha256:{'1' * 64}\n"
SWITCH_FORTH = f"vigil-do release.switch release sha256:{'2' * 64}\n"
RESTART = "vigil-do process.restart restart web-1\n"


def seen(*findings: Finding, component: str = "web") -> Investigation:
    """An investigation that found these, in this order."""
    return Investigation(
        evidence=tuple(
            Evidence(
                id=f"look-{n}",
                investigator="look",
                finding=finding,
                component=component,
                text=f"somebody saw {finding}",
                at=START,
            )
            for n, finding in enumerate(findings, 1)
        )
    )


def incident(service: str = "web", symptom: str = "checkout-errors") -> Incident:
    return Incident(
        id="inc-1",
        service=service,
        symptom=symptom,
        severity=Severity.CRITICAL,
        title="checkout fails",
        opened_at=START,
    )


def action(
    script: str = SWITCH_BACK, undo: str | None = SWITCH_FORTH, action_id: str = "action-1"
) -> Action:
    """An action with the effects that the guard computes of it."""
    effects = analyse_action(script, undo)
    return Action(
        id=action_id,
        title=f"run {action_id}",
        script=script,
        grants=tuple(sorted({call.grant for call in effects.calls})),
        effects=effects,
        undo=undo,
        no_undo=None if undo else "nothing to go back to",
    )


def plan(catalogue: Catalogue, *actions: Action, symptom: str = "checkout-errors") -> Plan:
    return Plan(
        incident="inc-1",
        attempt=1,
        service="web",
        symptom=symptom,
        failure_type="bad_release",
        component="web",
        runbook="bad-release",
        runbook_digest=None,
        summary="Go back to the release before.",
        reasons=(Reason(step="symptom", text="it fails"),),
        actions=actions or (action(),),
        declared_risk=Risk.LOW,
        proving=catalogue.proving_probes("web", symptom),
        neighbours=catalogue.neighbour_probes("web", symptom),
    )


def executed(planned: Plan, *statuses: ActionStatus, output: str = "done") -> Execution:
    """These ends of the plan's first actions; by default all succeeded."""
    given = statuses or (ActionStatus.SUCCEEDED,) * len(planned.actions)
    return Execution(
        plan_digest=planned.digest,
        results=tuple(
            ActionResult(action=one.id, status=status, exit_code=0, output=output, seconds=0.1)
            for one, status in zip(planned.actions, given, strict=False)
        ),
    )


def ref(name: str) -> ProbeRef:
    service, _, probe = name.partition("/")
    return ProbeRef(service=service, probe=probe)
