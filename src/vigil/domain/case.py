"""What one look around gave, and what was made of it: the recorded outputs of orient."""

from vigil.domain.evidence import Evidence, Finding
from vigil.domain.hypothesis import Hypothesis
from vigil.domain.lesson import Lesson
from vigil.domain.runbook import RunbookMatch
from vigil.domain.value import Value


class Investigation(Value):
    """Everything the investigators saw, in a fixed order."""

    evidence: tuple[Evidence, ...]

    def has(self, *findings: Finding) -> bool:
        """Whether every one of these was found."""
        return set(findings) <= {e.finding for e in self.evidence}


class Ranking(Value):
    """Competing hypotheses, likeliest first; likelihoods add up to 1."""

    hypotheses: tuple[Hypothesis, ...]

    @property
    def top(self) -> Hypothesis:
        """The likeliest."""
        return self.hypotheses[0]


class Recollection(Value):
    """Runbooks that may help, best match first, and what happened before, newest first."""

    matches: tuple[RunbookMatch, ...]
    past: tuple[Lesson, ...] = ()
