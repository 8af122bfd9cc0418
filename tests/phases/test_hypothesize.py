"""Which explanation comes first, for evidence as the investigators write it (about 3 s)."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.phases.values import seen

from vigil.domain.case import Investigation, Ranking
from vigil.domain.evidence import Finding as F  # noqa: N817 - read in long lists
from vigil.domain.hypothesis import FailureType
from vigil.orient.hypothesize import WEIGHTS, WORDS, hypothesize

FAILS = (F.SYMPTOM_FAILING, F.CONDITION_HOLDS)
PASSES = (F.SYMPTOM_PASSING, F.CONDITION_CLEAR)
HARMLESS_RELEASE = (F.RELEASE_RECENT,)
findings = st.lists(st.sampled_from(F), unique=True)


def ranked(*evidence: F) -> Ranking:
    return hypothesize("web", seen(*evidence))


@pytest.mark.parametrize(
    ("evidence", "first"),
    [
        pytest.param(
            (
                *FAILS,
                F.RELEASE_RECENT,
                F.CODE_ERRORS,
                F.ERRORS_SINCE_RELEASE,
                F.DEPENDENCIES_PASSING,
                F.PROCESSES_UP,
            ),
            "bad_release",
            id="a bad release",
        ),
        pytest.param(
            (*FAILS, F.RELEASE_RECENT, F.CODE_ERRORS, F.ERRORS_SINCE_RELEASE, F.BLIND),
            "bad_release",
            id="a bad release, dependencies and processes not seen",
        ),
        pytest.param(
            (
                *FAILS,
                F.NO_RELEASE_RECENT,
                F.DEPENDENCY_ERRORS,
                F.DATABASE_LOCK,
                F.PROCESSES_UP,
                F.LATENCY_UP,
            ),
            "database_lock",
            id="a locked database",
        ),
        pytest.param(
            (
                *FAILS,
                *HARMLESS_RELEASE,
                F.DEPENDENCY_ERRORS,
                F.DATABASE_LOCK,
                F.PROCESSES_UP,
                F.LATENCY_UP,
            ),
            "database_lock",
            id="a locked database just after a harmless release",
        ),
        pytest.param(
            (
                *FAILS,
                F.RELEASE_RECENT,
                F.ERRORS_SINCE_RELEASE,
                F.CODE_ERRORS,
                F.DEPENDENCY_ERRORS,
                F.DATABASE_LOCK,
            ),
            "database_lock",
            id="a locked database that the new release's code stumbles over",
        ),
        pytest.param(
            (*FAILS, *HARMLESS_RELEASE, F.DEPENDENCY_ERRORS, F.DEPENDENCY_FAILING, F.PROCESSES_UP),
            "dependency_failure",
            id="a dependency is down just after a harmless release",
        ),
        pytest.param(
            (*FAILS, F.PROCESS_DOWN, F.NO_RELEASE_RECENT, F.DEPENDENCIES_PASSING),
            "process_down",
            id="a process is down",
        ),
        pytest.param(
            (*FAILS, F.PROCESS_DOWN, *HARMLESS_RELEASE, F.DEPENDENCIES_PASSING),
            "process_down",
            id="a process is down just after a harmless release",
        ),
        pytest.param(
            (*PASSES, F.DEPENDENCIES_PASSING, F.PROCESSES_UP, F.NO_RELEASE_RECENT),
            "nothing_wrong",
            id="nothing is wrong",
        ),
        pytest.param(
            (*PASSES, F.DEPENDENCIES_PASSING, F.PROCESSES_UP, F.RELEASE_RECENT),
            "nothing_wrong",
            id="nothing is wrong with the new release either",
        ),
        pytest.param((*FAILS, F.BLIND), "unknown", id="it fails and nobody could look further"),
        pytest.param((F.SYMPTOM_UNKNOWN, F.CONDITION_UNKNOWN, F.BLIND), "unknown", id="all blind"),
        pytest.param(
            (*FAILS, F.NO_RELEASE_RECENT, F.DEPENDENCIES_PASSING, F.PROCESSES_UP, F.CODE_ERRORS),
            "unknown",
            id="old code fails and nothing explains it",
        ),
        pytest.param(
            (
                *FAILS,
                F.RELEASE_RECENT,
                F.CODE_ERRORS,
                F.ERRORS_BEFORE_RELEASE,
                F.DEPENDENCIES_PASSING,
                F.PROCESSES_UP,
            ),
            "unknown",
            id="the errors are older than the release",
        ),
        pytest.param((), "nothing_wrong", id="no evidence at all is the prior's word"),
    ],
)
def test_the_first_explanation(evidence: tuple[F, ...], first: str) -> None:
    assert ranked(*evidence).top.failure_type == first


LOOK_ALIKE = (*FAILS, *HARMLESS_RELEASE, F.DEPENDENCY_ERRORS)
PERHAPS_ALSO = (F.LATENCY_UP, F.PROCESSES_UP, F.BLIND, F.DATABASE_LOCK, F.DEPENDENCY_FAILING)


@pytest.mark.parametrize(
    "more",
    [some for size in range(len(PERHAPS_ALSO) + 1) for some in combinations(PERHAPS_ALSO, size)],
    ids=lambda some: "+".join(some) or "nothing more",
)
def test_a_locked_database_is_never_blamed_on_a_harmless_release(more: tuple[F, ...]) -> None:
    """Also when the lock's probe is missing and only the log's complaints point away."""
    top = ranked(*LOOK_ALIKE, *more).top
    allowed = {"database_lock", "dependency_failure"}
    assert top.failure_type in (allowed | {"unknown"} if F.BLIND in more else allowed)


def test_a_recent_release_alone_is_not_blamed() -> None:
    alone = ranked(*FAILS, *HARMLESS_RELEASE, F.PROCESSES_UP)
    assert alone.top.failure_type == "unknown"
    innocent = ranked(*FAILS, *HARMLESS_RELEASE, F.PROCESSES_UP, F.DEPENDENCIES_PASSING)
    assert innocent.top.likelihood < 0.9, "far from certain enough to act unasked"


def test_a_bad_release_is_named_with_near_certainty() -> None:
    evidence = (
        *FAILS,
        F.RELEASE_RECENT,
        F.CODE_ERRORS,
        F.ERRORS_SINCE_RELEASE,
        F.DEPENDENCIES_PASSING,
        F.PROCESSES_UP,
    )
    assert ranked(*evidence).top.likelihood > 0.97


@given(findings)
def test_likelihoods_add_up_to_one_and_come_in_order(found: list[F]) -> None:
    ranking = ranked(*found)
    shares = [h.likelihood for h in ranking.hypotheses]
    assert sum(shares) == pytest.approx(1)
    assert all(0 <= share <= 1 for share in shares)
    assert shares == sorted(shares, reverse=True)
    assert {h.failure_type for h in ranking.hypotheses} == set(FailureType), "all are kept"


@given(findings.flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))))
def test_the_order_of_the_evidence_does_not_matter(orders: tuple[list[F], list[F]]) -> None:
    first, second = (ranked(*order) for order in orders)
    assert [h.failure_type for h in first.hypotheses] == [h.failure_type for h in second.hypotheses]
    assert [h.likelihood for h in first.hypotheses] == pytest.approx(
        [h.likelihood for h in second.hypotheses]
    )


@given(findings.filter(bool), st.integers(2, 5))
def test_a_finding_told_many_times_counts_once(found: list[F], times: int) -> None:
    once, often = ranked(*found), ranked(*(found * times))
    assert [h.likelihood for h in once.hypotheses] == [h.likelihood for h in often.hypotheses]


@given(findings)
def test_evidence_is_cited_for_and_against(found: list[F]) -> None:
    evidence = seen(*found)
    finding_of = {e.id: e.finding for e in evidence.evidence}
    for hypothesis in hypothesize("web", evidence).hypotheses:
        weights = WEIGHTS[hypothesis.failure_type]
        assert {finding_of[i] for i in hypothesis.supported_by} == {
            f for f in found if weights.get(f, 0) > 0
        }
        assert {finding_of[i] for i in hypothesis.contradicted_by} == {
            f for f in found if weights.get(f, 0) < 0
        }


def test_the_component_is_where_the_evidence_points() -> None:
    own = seen(*FAILS, F.DEPENDENCY_ERRORS).evidence
    theirs = seen(F.DATABASE_LOCK, F.DEPENDENCY_FAILING, component="db").evidence
    ranking = hypothesize("web", Investigation(evidence=(*own, *theirs)))
    where = {h.failure_type: h.component for h in ranking.hypotheses}
    assert where[FailureType.DATABASE_LOCK] == "db"
    assert where[FailureType.DEPENDENCY_FAILURE] == "db"
    assert where[FailureType.BAD_RELEASE] == "web"
    assert "db" in ranking.top.text


def test_every_failure_type_has_weights_and_words() -> None:
    assert set(WEIGHTS) == set(WORDS) == set(FailureType)
