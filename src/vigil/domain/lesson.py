"""A lesson: what one closed incident taught."""

import operator

from pydantic import Field

from vigil.domain.proof import Outcome
from vigil.domain.value import Instant, Value


class Lesson(Value):
    """What was thought, done and proven in one incident.

    With a runbook and an outcome that was looked at it is also one trial of that runbook on this
    kind of service. ``actions`` is empty when nothing was done.
    """

    incident: str
    service: str
    service_kind: str
    symptom: str
    failure_type: str
    component: str
    hypothesis: str = ""
    """The leading hypothesis, in its sentence."""
    runbook: str | None
    runbook_digest: str | None
    actions: tuple[str, ...]
    outcome: Outcome
    proof: str = ""
    """What was found at the end, in one sentence."""
    seconds: float
    """From the first alert to the end."""
    at: Instant
    # Left out where it is empty, so that whatever version reads the others.
    came_back_as: str | None = Field(default=None, exclude_if=operator.not_)
    """The incident in which the trouble was back that had been proven fixed: ``outcome`` is
    ``not_fixed`` since then."""
