"""The gate's word on a plan, and the answer to a plan that waits."""

from datetime import UTC
from enum import StrEnum

from vigil.domain.effects import Risk
from vigil.domain.missing_grant import MissingGrant
from vigil.domain.value import Instant, Value


class Decision(StrEnum):
    """Allow, ask or deny."""

    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


class Verdict(Value):
    """A decision about one plan and every rule that led to it; the strictest rule wins."""

    plan_digest: str
    decision: Decision
    confidence: int
    context_match: int
    risk: Risk
    rules: tuple[str, ...]
    policy_rules: tuple[str, ...] = ()
    """Ids of the rules of ``policy.yaml`` that fired."""
    missing_grants: tuple[MissingGrant, ...] = ()


class Answer(StrEnum):
    """What ends the waiting of a plan."""

    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    """Vigil's own: the symptom went away while nobody had answered."""
    EXPIRED = "expired"
    """Vigil's own: nobody had answered in time, and no answer means no."""
    CANCELLED = "cancelled"
    """A person told Vigil to take its hands off the whole incident."""


_WHY = {
    Answer.WITHDRAWN: ", as its symptom was gone",
    Answer.EXPIRED: ", as nobody had answered it in time",
    Answer.CANCELLED: ", together with all work on the incident",
}


class Approval(Value):
    """Exactly one answer to exactly one plan: a person's, or Vigil's own when nobody gave one."""

    plan_digest: str
    answer: Answer
    by: str
    at: Instant

    def __str__(self) -> str:
        """What became of the plan, for whoever comes too late."""
        why = _WHY.get(self.answer, "")
        return f"this plan was {self.answer} by {self.by} at {readable_time(self.at)}{why}"


class Cancellation(Value):
    """A person takes an incident in hand: Vigil begins nothing more of it."""

    by: str
    at: Instant
    reason: str = ""

    def __str__(self) -> str:
        """Who it was, for whoever comes too late."""
        reason = f": {self.reason}" if self.reason else ""
        return f"Vigil's work on it was cancelled by {self.by} at {readable_time(self.at)}{reason}"


def readable_time(at: Instant) -> str:
    """To the second, as people compare it."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
