"""A briefing: everything a reasoner is given, and the draft it gives back."""

from pydantic import Field

from vigil.domain.catalogue import Service
from vigil.domain.cost import NOTHING, Cost
from vigil.domain.effects import Risk
from vigil.domain.evidence import Evidence
from vigil.domain.hypothesis import Hypothesis
from vigil.domain.incident import Incident
from vigil.domain.lesson import Lesson
from vigil.domain.plan import Author, Reason
from vigil.domain.runbook import RunbookMatch
from vigil.domain.thinking import Unheard
from vigil.domain.value import Name, Value


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
    risk_reasons: tuple[str, ...] = ()
    """Why it declares that risk."""
    alternatives: tuple[str, ...] = ()
    """What else was weighed, and why it is not proposed."""
    would_change_mind: tuple[str, ...] = ()
    """What would have to be seen for another proposal."""
    verify_with: tuple[Name, ...] = Field(default=(), max_length=10)
    """Names of further probes that have to pass after it; nobody can ask for fewer."""
    author: Author | None = None
    """The model that wrote it; None: no model did."""
    unheard: Unheard | None = None
    """Why a model that was to be asked gave no plan; None: it did, or was not to be asked."""
    cost: Cost = NOTHING
    """What was spent on it, also when nothing came of it."""
    saved: Cost = NOTHING
    """What asking a model would have cost at least, where nobody had to ask one."""
