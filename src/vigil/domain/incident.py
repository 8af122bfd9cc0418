"""An incident and the only steps it may take."""

from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from vigil.domain.alert import Severity
from vigil.domain.errors import IllegalTransition
from vigil.domain.proof import Outcome
from vigil.domain.value import Instant, Value


class Stage(StrEnum):
    """The nine stages. The stored strings are these, for ever."""

    TRIGGERED = "TRIGGERED"
    INVESTIGATING = "INVESTIGATING"
    HYPOTHESIS_RECEIVED = "HYPOTHESIS_RECEIVED"
    CONTEXT_RETRIEVED = "CONTEXT_RETRIEVED"
    SYNTHESIZING = "SYNTHESIZING"
    EXECUTING = "EXECUTING"
    VERIFYING = "VERIFYING"
    RESOLVED = "RESOLVED"
    ESCALATED = "ESCALATED"


class WaitingOn(StrEnum):
    """What an incident that is only rows is waiting for."""

    APPROVAL = "approval"
    LOCKS = "locks"
    """Another incident works on something that this one's plan touches or its proof looks at."""


HANDED_OVER = timedelta(hours=4)
"""How long alerts of the same trouble join an escalated incident, unless it is said to be over:
a person has it in hand, and a second page for it would only be in the way."""

CLOSED = frozenset({Stage.RESOLVED, Stage.ESCALATED})

# From every open stage a person may have to be told, so ESCALATED follows each. A false alarm is
# known after investigating, so RESOLVED may follow HYPOTHESIS_RECEIVED. A rollback is a plan:
# VERIFYING may lead back to SYNTHESIZING (the undo is judged) and to INVESTIGATING (another look,
# bounded).
TRANSITIONS = MappingProxyType(
    {
        Stage.TRIGGERED: frozenset({Stage.INVESTIGATING, Stage.ESCALATED}),
        Stage.INVESTIGATING: frozenset({Stage.HYPOTHESIS_RECEIVED, Stage.ESCALATED}),
        Stage.HYPOTHESIS_RECEIVED: frozenset(
            {Stage.CONTEXT_RETRIEVED, Stage.RESOLVED, Stage.ESCALATED}
        ),
        Stage.CONTEXT_RETRIEVED: frozenset({Stage.SYNTHESIZING, Stage.ESCALATED}),
        Stage.SYNTHESIZING: frozenset({Stage.EXECUTING, Stage.ESCALATED}),
        Stage.EXECUTING: frozenset({Stage.VERIFYING, Stage.ESCALATED}),
        Stage.VERIFYING: frozenset(
            {Stage.RESOLVED, Stage.ESCALATED, Stage.SYNTHESIZING, Stage.INVESTIGATING}
        ),
        Stage.RESOLVED: frozenset[Stage](),
        Stage.ESCALATED: frozenset[Stage](),
    }
)


class Incident(Value):
    """One thing that is wrong with one service, as one symptom, until it is closed.

    At most one incident is open for a (service, symptom). ``attempt`` counts the plans tried, the
    rollback among them; stage outputs are keyed (incident, attempt, stage).
    """

    id: str
    service: str
    symptom: str
    severity: Severity
    title: str
    stage: Stage = Stage.TRIGGERED
    attempt: int = 1
    waiting_on: WaitingOn | None = None
    plan_digest: str | None = None
    """The plan that waits, or was judged last."""
    outcome: Outcome | None = None
    opened_at: Instant
    closed_at: Instant | None = None
    expires_at: Instant | None = None
    """When a plan that waits for a person is answered by the clock: no."""
    cancelled_by: str | None = None
    """Who told Vigil to take its hands off; from then on it begins nothing more."""
    claim: int = 0
    """How often a run of a segment took this incident up; of several runs the newest one counts."""
    claimed_by: str | None = None
    """The worker that runs a segment of it now."""

    def moved(self, stage: Stage, at: Instant, *, outcome: Outcome | None = None) -> "Incident":
        """This incident in its next stage; refuses what the table does not allow."""
        if stage not in TRANSITIONS[self.stage]:
            raise IllegalTransition(
                f"incident {self.id} cannot go from {self.stage} to {stage}; "
                f"allowed: {', '.join(sorted(TRANSITIONS[self.stage])) or 'nothing, it is closed'}"
            )
        return self.model_copy(
            update={
                "stage": stage,
                "waiting_on": None,
                "expires_at": None,
                "closed_at": at if stage in CLOSED else None,
                "outcome": outcome or self.outcome,
            }
        )
