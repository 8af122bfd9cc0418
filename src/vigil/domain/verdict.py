"""The gate's word on a plan, and the answer to a plan that waits."""

from enum import StrEnum

from vigil.domain.effects import Risk
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


class Answer(StrEnum):
    """What ends the waiting of a plan."""

    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    """Vigil's own: the symptom went away while nobody had answered."""


class Approval(Value):
    """Exactly one answer to exactly one plan: a person's, or Vigil's own withdrawal."""

    plan_digest: str
    answer: Answer
    by: str
    at: Instant
