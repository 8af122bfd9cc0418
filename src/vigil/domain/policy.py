"""The policy: what the gate may allow by itself, as values."""

from pydantic import Field

from vigil.domain.effects import Risk
from vigil.domain.value import Value


class Policy(Value):
    """``policy.yaml``; the defaults are the careful ones."""

    auto_confidence: int = Field(default=90, ge=0, le=100)
    auto_context_match: int = Field(default=85, ge=0, le=100)
    auto_max_risk: Risk = Risk.MEDIUM
    auto_max_resources: int = Field(default=6, ge=0)
    """Blast radius: how many resources one plan may touch unasked."""
    ask_max_risk: Risk = Risk.HIGH
    """Above this nothing runs even when a person agrees."""
    freeze: bool = False
    """A change freeze: everything is asked."""
    max_executions_per_hour: int = Field(default=10, ge=0)
    """The breaker: beyond this many executed plans in an hour everything is asked."""
    approval_expires_after_s: int = Field(default=4 * 3600, ge=60, le=30 * 86400)
    """How long a plan waits for a person. What was judged hours ago may be wrong by now, so without
    an answer until then the answer is no, and the incident is handed over."""
