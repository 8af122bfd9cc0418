"""A lesson: what one closed incident taught about one runbook."""

from vigil.domain.proof import Outcome
from vigil.domain.value import Instant, Value


class Lesson(Value):
    """One trial of one runbook on one kind of service."""

    incident: str
    service: str
    service_kind: str
    symptom: str
    failure_type: str
    component: str
    runbook: str | None
    runbook_digest: str | None
    actions: tuple[str, ...]
    outcome: Outcome
    seconds: float
    at: Instant
