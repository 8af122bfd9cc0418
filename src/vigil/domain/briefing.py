"""A briefing: everything a reasoner is given, and the draft it gives back."""

from vigil.domain.catalogue import Service
from vigil.domain.cost import NOTHING, Cost
from vigil.domain.effects import Risk
from vigil.domain.evidence import Evidence
from vigil.domain.hypothesis import Hypothesis
from vigil.domain.incident import Incident
from vigil.domain.lesson import Lesson
from vigil.domain.plan import Reason
from vigil.domain.runbook import RunbookMatch
from vigil.domain.value import Value


class Briefing(Value):
    """What is known about an incident when a plan is written; hypotheses and matches best first."""

    incident: Incident
    service: Service
    hypotheses: tuple[Hypothesis, ...]
    evidence: tuple[Evidence, ...]
    matches: tuple[RunbookMatch, ...]
    past: tuple[Lesson, ...] = ()
    """Lessons of incidents like this one, newest first."""

    def match(self, runbook: str | None) -> RunbookMatch | None:
        """How this runbook was recalled; None when it was not."""
        return next((match for match in self.matches if match.runbook.id == runbook), None)


class DraftAction(Value):
    """A script as a reasoner wrote it; what it would do is computed elsewhere."""

    title: str
    script: str
    undo: str | None = None
    no_undo: str | None = None
    raw: tuple[str, ...] = ()
    """The raw grants that it needs; with them it is of free form."""


class Draft(Value):
    """A reasoner's proposal in five recorded steps.

    ``actions`` is empty when there is nothing to propose; the last reason says why.
    """

    runbook: str | None
    summary: str
    reasons: tuple[Reason, ...]
    actions: tuple[DraftAction, ...]
    declared_risk: Risk
    cost: Cost = NOTHING
    """What was spent on it, also when nothing came of it."""
