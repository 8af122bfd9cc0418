"""RESOLVED: what may end without a person, and in which words."""

from vigil.domain.case import Investigation, Ranking
from vigil.domain.ending import Ending
from vigil.domain.evidence import Finding
from vigil.domain.hypothesis import FailureType
from vigil.domain.plan import Plan
from vigil.domain.proof import Outcome, Proof

DOUBTS = (
    Finding.SYMPTOM_FAILING,
    Finding.SYMPTOM_UNKNOWN,
    Finding.CONDITION_HOLDS,
    Finding.PROCESS_DOWN,
    Finding.DEPENDENCY_FAILING,
    Finding.DATABASE_LOCK,
    Finding.SESSION_LEAKED,
    Finding.SESSION_FOREIGN,
    Finding.SESSION_BUSY,
    Finding.NO_PROGRESS,
    Finding.WORK_PAUSED,
    Finding.ERRORS_SINCE_RELEASE,
    Finding.SLOWER_SINCE_RELEASE,
    Finding.LATENCY_UP,
)
"""With one of these nobody may say that nothing is wrong, however unlikely everything else is: what
the mapped probes do not see may be broken all the same."""

MUST_SEE = ("dependencies", "processes", "sessions", "progress")
"""Nor may anybody when one of these could not look. That a service has no release log, or writes no
log, says nothing about its health."""


def false_alarm(investigation: Investigation, ranking: Ranking) -> Ending | None:
    """A false alarm needs a mapped probe that passes and a condition that is clear, both now."""
    seen = investigation.has(Finding.SYMPTOM_PASSING, Finding.CONDITION_CLEAR)
    doubt = any(
        e.finding in DOUBTS or (e.finding is Finding.BLIND and e.investigator in MUST_SEE)
        for e in investigation.evidence
    )
    if not seen or doubt or ranking.top.failure_type is not FailureType.NOTHING_WRONG:
        return None
    texts = [
        e.text
        for e in investigation.evidence
        if e.finding in (Finding.SYMPTOM_PASSING, Finding.CONDITION_CLEAR)
    ]
    return Ending(
        resolved=True,
        outcome=Outcome.FALSE_ALARM,
        text="Nothing was done, because nothing is wrong. " + " ".join(texts),
    )


def verified(plan: Plan, proof: Proof) -> Ending:
    """The cure is proven."""
    return Ending(
        resolved=True, outcome=Outcome.VERIFIED, text=f"{plan.summary} Proof: {proof.text}"
    )
