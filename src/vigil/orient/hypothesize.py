"""HYPOTHESIS_RECEIVED: rank the explanations by the evidence for and against each.

Each finding moves the log-odds of each failure type by a fixed weight, as in naive Bayes; the
likelihoods are the shares after normalising.
"""

from collections.abc import Iterable
from math import exp
from types import MappingProxyType

from vigil.domain.case import Investigation, Ranking
from vigil.domain.evidence import Evidence, Finding
from vigil.domain.hypothesis import FailureType, Hypothesis
from vigil.orient.weights import PRIOR, WEIGHTS

WORDS = MappingProxyType(
    {
        FailureType.NOTHING_WRONG: "Nothing is wrong: the alert is false or over.",
        FailureType.BAD_RELEASE: "The newest release of {component} broke it.",
        FailureType.PROCESS_DOWN: "A process of {component} is not running.",
        FailureType.PROCESS_HUNG: "A process of {component} hangs: it runs and gets nothing done.",
        FailureType.PAUSED: "Somebody paused the work of {component} on purpose.",
        FailureType.LEAKED_SESSION: (
            "A session that the service leaked on {component} sits idle in a transaction and holds "
            "up others."
        ),
        FailureType.DATABASE_LOCK: "Sessions of {component} wait for a lock that another holds.",
        FailureType.DEPENDENCY_FAILURE: "{component}, which the service needs, does not work.",
        FailureType.UNKNOWN: "Something is wrong with {component} that nothing else explains.",
    }
)

POINTS_TO = MappingProxyType(
    {
        FailureType.LEAKED_SESSION: (Finding.SESSION_LEAKED,),
        FailureType.DATABASE_LOCK: (
            Finding.SESSION_FOREIGN,
            Finding.SESSION_BUSY,
            Finding.DATABASE_LOCK,
        ),
        FailureType.DEPENDENCY_FAILURE: (Finding.DEPENDENCY_FAILING,),
    }
)
"""The findings whose component is to blame, the surest first; else it is the service itself."""


def hypothesize(service: str, investigation: Investigation) -> Ranking:
    """Every failure type as a hypothesis about one component, likeliest first."""
    # One finding counts once, however many probes or lines repeat it.
    findings = {e.finding for e in investigation.evidence}
    scores = {
        kind: PRIOR[kind] + sum(WEIGHTS[kind].get(f, 0.0) for f in findings) for kind in FailureType
    }
    shares = _softmax(scores)
    ranked = sorted(FailureType, key=lambda kind: (-shares[kind], kind))
    return Ranking(
        hypotheses=tuple(
            _hypothesis(kind, shares[kind], service, investigation.evidence) for kind in ranked
        )
    )


def _softmax(scores: dict[FailureType, float]) -> dict[FailureType, float]:
    highest = max(scores.values())
    raised = {kind: exp(score - highest) for kind, score in scores.items()}
    total = sum(raised.values())
    return {kind: value / total for kind, value in raised.items()}


def _hypothesis(
    kind: FailureType, likelihood: float, service: str, evidence: Iterable[Evidence]
) -> Hypothesis:
    weighed = [(e, WEIGHTS[kind].get(e.finding, 0.0)) for e in evidence]
    component = _component(kind, service, [e for e, weight in weighed if weight > 0])
    return Hypothesis(
        failure_type=kind,
        component=component,
        likelihood=likelihood,
        supported_by=tuple(e.id for e, weight in weighed if weight > 0),
        contradicted_by=tuple(e.id for e, weight in weighed if weight < 0),
        text=WORDS[kind].format(component=component),
    )


def _component(kind: FailureType, service: str, support: list[Evidence]) -> str:
    """The service itself, unless the evidence points to one that it needs."""
    pointing = (e for f in POINTS_TO.get(kind, ()) for e in support if e.finding is f)
    return next((piece.component for piece in pointing), service)
