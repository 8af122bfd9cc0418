"""The lesson of one attempt: what was tried on what, and whether it was proven."""

from vigil.domain.catalogue import Catalogue
from vigil.domain.incident import Incident
from vigil.domain.lesson import Lesson
from vigil.domain.plan import Plan
from vigil.domain.proof import Outcome
from vigil.domain.value import Instant


def lesson_of(
    incident: Incident, plan: Plan, outcome: Outcome, catalogue: Catalogue, now: Instant
) -> Lesson:
    """What to remember of a plan that was executed."""
    service = catalogue.services.get(incident.service)
    return Lesson(
        incident=incident.id,
        service=incident.service,
        service_kind=service.kind if service else "other",
        symptom=incident.symptom,
        failure_type=plan.failure_type,
        component=plan.component,
        runbook=plan.runbook,
        runbook_digest=plan.runbook_digest,
        actions=tuple(action.title for action in plan.actions),
        outcome=outcome,
        seconds=(now - incident.opened_at).total_seconds(),
        at=now,
    )
