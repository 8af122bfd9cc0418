"""A plan and a match with a runbook as sketches, for a gate that is asked about what nobody plans.

What the gate weighs is given; everything else is there because a plan has it, and says nothing.
"""

from vigil.domain.effects import Risk
from vigil.domain.hypothesis import FailureType
from vigil.domain.plan import Action, Plan
from vigil.domain.probe import ProbeRef
from vigil.domain.runbook import Record, Runbook, RunbookMatch

_NONE = "none"


def sketched_plan(
    actions: tuple[Action, ...],
    service: str,
    risk: Risk = Risk.LOW,
    *,
    failure_type: str = _NONE,
    runbook: str | None = None,
    provable: bool = True,
) -> Plan:
    """A first plan of these actions."""
    return Plan(
        incident=_NONE,
        attempt=1,
        service=service,
        symptom=_NONE,
        failure_type=failure_type,
        component=service,
        runbook=runbook,
        runbook_digest=None,
        summary="a sketch",
        reasons=(),
        actions=actions,
        declared_risk=risk,
        proving=(ProbeRef(service=service, probe=_NONE),) if provable else (),
        neighbours=(),
    )


def sketched_match(context_match: int, runbook: str = _NONE, risk: Risk = Risk.LOW) -> RunbookMatch:
    """How well a runbook without steps, that nobody tried, fits; in percent."""
    return RunbookMatch(
        runbook=Runbook(
            id=runbook,
            title=runbook,
            service=(),
            failure_types=(FailureType.UNKNOWN,),
            risk_level=risk,
            checks=(),
            steps=(),
            body="",
            path="sketch.md",
        ),
        context_match=context_match,
        checks=(),
        record=Record(trials=0, successes=0),
        reasons=(),
    )
