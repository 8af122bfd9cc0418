"""Proof: what verification found, never a boolean."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from pydantic import Field

from vigil.domain.inventory import MOST_ITEMS, Counted, Loss
from vigil.domain.probe import ProbeRef, ProbeResult
from vigil.domain.swarm import SwarmReport
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
    """One probe before and after: the looks before acting, and every look afterwards."""

    ref: ProbeRef
    proves: bool
    """It maps to the symptom; the others are neighbours that must not get worse."""
    before: ProbeResult | None
    """The first look, or the worst of the first ones."""
    again: tuple[ProbeResult, ...] = ()
    """Further looks before, to know what is chance with it."""
    after: tuple[ProbeResult, ...]


class Criterion(StrEnum):
    """What has to be true of a proof."""

    EXECUTED = "executed"
    """The plan ran to its end."""
    SYMPTOM = "symptom"
    """What failed before passes, many times in a row and over the whole window."""
    NEIGHBOURS = "neighbours"
    """What shows the cause passes, and nothing else is worse than chance explains."""
    METRIC = "metric"
    """What the source of the alert counts is where it usually is."""
    INVENTORY = "inventory"
    """Nothing was taken away, silenced or no longer looked at."""
    JOURNEYS = "journeys"
    """A user gets through."""
    SWARM = "swarm"
    """So do as many at once as the service asks for."""


CLAIMS: Mapping[Criterion, str] = MappingProxyType(
    {
        Criterion.EXECUTED: "The plan ran to its end",
        Criterion.SYMPTOM: "The symptom is gone",
        Criterion.NEIGHBOURS: "Nothing else got worse",
        Criterion.METRIC: "The alert's own measure is back",
        Criterion.INVENTORY: "Nothing is missing",
        Criterion.JOURNEYS: "A user gets through",
        Criterion.SWARM: "Many users at once get through",
    }
)
"""Each criterion as people read it: what is true where it is met."""


class Ground(Value):
    """One criterion: whether it is met, None where nobody can say, and the evidence in words."""

    criterion: Criterion
    met: bool | None
    text: str


class Proof(Value):
    """What was looked at and what follows from it."""

    outcome: Outcome
    text: str
    grounds: tuple[Ground, ...] = ()
    """Each criterion, as far as it was looked at."""
    bad_before: float | None = None
    bad_after: float | None = None
    """The bad share of the symptom's requests, 0 to 1, by what the source of the alert counts."""
    lost: tuple[Loss, ...] = Field(default=(), max_length=MOST_ITEMS)
    """What was there before and is missing at the newest count, or is not as it was."""
    counted: tuple[Counted, ...] = ()
    """How much was there before and at the newest count; empty where nothing was counted again."""
    swarm: SwarmReport | None = None
    """What became of the swarm that the service asks for; None where none was sent."""
    probes: tuple[ProbeChange, ...] = ()
    window_s: float = 0.0
    """How long the proving probes have been passing without a break."""
    interrupted: bool = False
    """Something outside of the plan kept it from its end (a person, the stop switch, a lease), so
    this is no trial of its runbook."""
    decided_at: Instant
