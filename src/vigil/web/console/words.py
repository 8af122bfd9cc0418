"""Plain words for what is stored in fixed ones."""

from types import MappingProxyType

from vigil.domain.account import Became
from vigil.domain.incident import Stage
from vigil.domain.plan import Role
from vigil.domain.probe import ProbeOutcome
from vigil.domain.proof import Outcome
from vigil.domain.value import Instant

STAGES = MappingProxyType(
    {
        Stage.TRIGGERED: "An alert came in",
        Stage.INVESTIGATING: "Looking around",
        Stage.HYPOTHESIS_RECEIVED: "Ranking the explanations",
        Stage.CONTEXT_RETRIEVED: "Recalling what is known",
        Stage.SYNTHESIZING: "Planning, and asking the gate",
        Stage.EXECUTING: "Carrying out the plan",
        Stage.VERIFYING: "Proving it from the user's side",
        Stage.RESOLVED: "Resolved",
        Stage.ESCALATED: "Handed to a person",
    }
)
OUTCOMES = MappingProxyType(
    {
        Outcome.VERIFIED: "fixed and proven",
        Outcome.NOT_FIXED: "not fixed",
        Outcome.REGRESSED: "made something worse",
        Outcome.NOT_EXECUTED: "nothing was done",
        Outcome.FALSE_ALARM: "false alarm",
        Outcome.NOTHING_TO_CHECK: "cannot be checked",
    }
)
LOOKS = MappingProxyType(
    {ProbeOutcome.PASSING: "✓", ProbeOutcome.FAILING: "✕", ProbeOutcome.UNKNOWN: "?"}
)
NO_PROOF = MappingProxyType(
    {
        Outcome.FALSE_ALARM: "A probe that maps to this alert passes, and the alert's own "
        "condition is clear. So nothing is wrong, and nothing was done.",
        Outcome.NOTHING_TO_CHECK: "No probe maps to this alert, or none gave an answer. Nobody "
        "could ever prove a cure, so none was tried.",
    }
)
"""How an incident ended that never had a plan to prove."""
ROLES = MappingProxyType(
    {
        Role.SYMPTOM: "shows the symptom",
        Role.CAUSE: "would show the cause",
        Role.RUNBOOK: "the runbook names it",
        Role.AUTHOR: "whoever wrote the plan asks for it",
        Role.RISK: "the plan could break it",
        Role.NEIGHBOUR: "neighbour",
    }
)
BECAME = MappingProxyType(
    {
        Became.WORSE: "✕",
        Became.FAILING: "✕",
        Became.UNKNOWN: "?",
        Became.MENDED: "✓",
        Became.WELL: "✓",
        Became.AS_BEFORE: "=",
        Became.NOT_LOOKED: "·",
    }
)

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400


def age(since: Instant, now: Instant) -> str:
    """How long ago, in the one unit that matters."""
    return span((now - since).total_seconds())


def until(then: Instant, now: Instant) -> str:
    """How long there is left."""
    left = (then - now).total_seconds()
    return f"in {span(left)}" if left > 0 else "now"


def span(seconds: float) -> str:
    """A length of time in the one unit that matters."""
    whole = max(int(seconds), 0)
    if whole < 2 * MINUTE_S:
        return f"{whole} s"
    if whole < 2 * HOUR_S:
        return f"{whole // MINUTE_S} min"
    if whole < 2 * DAY_S:
        return f"{whole // HOUR_S} h"
    return f"{whole // DAY_S} days"


def spaced(word: str) -> str:
    """A stored word as it is read."""
    return word.replace("_", " ")


def short(digest: str) -> str:
    """A digest at a length that people compare."""
    return digest.removeprefix("sha256:")[:12]


def clock_time(at: Instant) -> str:
    """Hours, minutes and seconds, as the page says once which zone it keeps."""
    return at.strftime("%H:%M:%S")


def day_and_time(at: Instant) -> str:
    """With the day, for what may be long ago."""
    return at.strftime("%Y-%m-%d %H:%M UTC")
