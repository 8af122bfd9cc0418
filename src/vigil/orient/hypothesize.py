"""HYPOTHESIS_RECEIVED: rank the explanations by the evidence for and against each.

Each finding moves the log-odds of each failure type by a fixed weight, as in naive Bayes; the
likelihoods are the shares after normalising. The weights are an expert's, not measured: what is
measured is how often a plan built on them is proven, and that is the runbook's record.
"""

from collections.abc import Iterable
from math import exp
from types import MappingProxyType

from vigil.domain.case import Investigation, Ranking
from vigil.domain.evidence import Evidence, Finding
from vigil.domain.hypothesis import FailureType, Hypothesis

PRIOR = MappingProxyType(
    {
        FailureType.NOTHING_WRONG: 0.0,
        FailureType.BAD_RELEASE: -1.0,
        FailureType.PROCESS_DOWN: -1.0,
        FailureType.DATABASE_LOCK: -2.0,
        FailureType.DEPENDENCY_FAILURE: -1.0,
        FailureType.UNKNOWN: 0.0,
    }
)

# Log-odds in nats. Strong evidence against a type outweighs two weak ones for it, so that a
# release that merely happens to be recent is not blamed for a locked database.
WEIGHTS = MappingProxyType(
    {
        FailureType.NOTHING_WRONG: {
            Finding.SYMPTOM_PASSING: 4.0,
            Finding.CONDITION_CLEAR: 3.0,
            Finding.SYMPTOM_FAILING: -8.0,
            Finding.SYMPTOM_UNKNOWN: -6.0,
            Finding.CONDITION_HOLDS: -5.0,
            Finding.CONDITION_UNKNOWN: -3.0,
            # More than the passing symptom says for it: with these it is never the likeliest.
            Finding.PROCESS_DOWN: -5.0,
            Finding.DATABASE_LOCK: -5.0,
        },
        FailureType.BAD_RELEASE: {
            Finding.RELEASE_RECENT: 2.0,
            Finding.ERRORS_SINCE_RELEASE: 5.0,
            Finding.CODE_ERRORS: 2.0,
            Finding.DEPENDENCIES_PASSING: 1.0,
            Finding.NO_RELEASE_RECENT: -6.0,
            Finding.ERRORS_BEFORE_RELEASE: -5.0,
            Finding.DEPENDENCY_ERRORS: -3.0,
            Finding.DEPENDENCY_FAILING: -4.0,
            Finding.DATABASE_LOCK: -6.0,
            Finding.SYMPTOM_PASSING: -4.0,
        },
        FailureType.PROCESS_DOWN: {
            Finding.PROCESS_DOWN: 7.0,
            Finding.PROCESSES_UP: -6.0,
            Finding.SYMPTOM_PASSING: -3.0,
        },
        FailureType.DATABASE_LOCK: {
            Finding.DATABASE_LOCK: 8.0,
            Finding.DEPENDENCY_ERRORS: 2.0,
            Finding.LATENCY_UP: 1.0,
            Finding.DEPENDENCIES_PASSING: -6.0,
            Finding.SYMPTOM_PASSING: -3.0,
        },
        FailureType.DEPENDENCY_FAILURE: {
            Finding.DEPENDENCY_FAILING: 6.0,
            Finding.DEPENDENCY_ERRORS: 3.0,
            Finding.DEPENDENCIES_PASSING: -4.0,
            Finding.SYMPTOM_PASSING: -3.0,
            Finding.CODE_ERRORS: -1.0,
        },
        FailureType.UNKNOWN: {
            Finding.SYMPTOM_FAILING: 1.0,
            Finding.SYMPTOM_UNKNOWN: 1.0,
            Finding.CONDITION_HOLDS: 1.0,
            Finding.BLIND: 1.0,
            Finding.SYMPTOM_PASSING: -2.0,
        },
    }
)

WORDS = MappingProxyType(
    {
        FailureType.NOTHING_WRONG: "Nothing is wrong: the alert is false or over.",
        FailureType.BAD_RELEASE: "The newest release of {component} broke it.",
        FailureType.PROCESS_DOWN: "A process of {component} is not running.",
        FailureType.DATABASE_LOCK: "Sessions of {component} wait for a lock that another holds.",
        FailureType.DEPENDENCY_FAILURE: "{component}, which the service needs, does not work.",
        FailureType.UNKNOWN: "Something is wrong with {component} that nothing else explains.",
    }
)


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
    elsewhere = {Finding.DATABASE_LOCK, Finding.DEPENDENCY_FAILING}
    if kind in (FailureType.DATABASE_LOCK, FailureType.DEPENDENCY_FAILURE):
        for piece in support:
            if piece.finding in elsewhere:
                return piece.component
    return service
