"""Breakers: which there are, what one that is tripped says, and that somebody has reset it.

They are worked out from what was executed (``decide/breakers.py``).
"""

from vigil.domain.value import Instant, Value

ALL = "all"
"""The one of ``max_executions_per_hour``."""


def of_rule(rule: str) -> str:
    """The breaker that a failed proof of what a rule allowed trips."""
    return f"rule:{rule}"


def of_rate(rule: str) -> str:
    """The breaker of a rule's ``most_per_hour``."""
    return f"rate:{rule}"


def of_runbook(runbook: str) -> str:
    """The breaker that a failed proof of a runbook's plan trips, whatever rule allowed it."""
    return f"runbook:{runbook}"


class Breaker(Value):
    """One that is tripped."""

    id: str
    text: str
    """Why, as a sentence."""
    incident: str
    """The newest that counts for it, with its attempt: whoever resets it names it."""
    attempt: int
    until: Instant | None
    """When it closes by itself if nothing else happens; None: when fewer plans were executed."""


class Reset(Value):
    """A person's word that a breaker need not rest any longer."""

    breaker: str
    by: str
    why: str
    at: Instant
