"""Proof: what verification found, never a boolean."""

from enum import StrEnum

from vigil.domain.probe import ProbeRef, ProbeResult
from vigil.domain.value import Instant, Value


class Outcome(StrEnum):
    """How an incident, or one attempt at it, ended."""

    VERIFIED = "verified"
    """Failing before, passing now over the whole window, and nothing else got worse."""
    NOT_FIXED = "not_fixed"
    REGRESSED = "regressed"
    """Something that was passing before the action is failing after it."""
    NOT_EXECUTED = "not_executed"
    """No action ran, whatever the symptom did."""
    FALSE_ALARM = "false_alarm"
    """A mapped probe passes and the source's own condition is clear."""
    NOTHING_TO_CHECK = "nothing_to_check"
    """No probe maps to this alert, so nobody can say."""


TRIALS = frozenset({Outcome.VERIFIED, Outcome.NOT_FIXED, Outcome.REGRESSED})
"""Outcomes of plans that were executed and looked at; nothing else says how good a runbook is, nor
do these where the plan was interrupted."""


class ProbeChange(Value):
    """One probe before and after: the last look before acting, and every look afterwards."""

    ref: ProbeRef
    proves: bool
    """It maps to the symptom; the others are neighbours that must not get worse."""
    before: ProbeResult | None
    after: tuple[ProbeResult, ...]


class Proof(Value):
    """What was looked at and what follows from it."""

    outcome: Outcome
    text: str
    probes: tuple[ProbeChange, ...] = ()
    window_s: float = 0.0
    """How long the proving probes have been passing without a break."""
    interrupted: bool = False
    """Something outside of the plan kept it from its end (a person, the stop switch, a lease), so
    this is no trial of its runbook."""
    decided_at: Instant
