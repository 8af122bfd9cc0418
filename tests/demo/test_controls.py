"""What Vigil must not be fooled by, one after the other on one shop (about 6 min, mostly waiting).

Real processes throughout. ``database-locked`` has its own test, beside the demo's.
"""

from collections.abc import Iterator

import pytest

from vigil.cli.rehearsal.rehearsal import Rehearsal
from vigil.cli.rehearsal.run import Run
from vigil.lab.scenario import choose, load_scenarios

pytestmark = [pytest.mark.lab, pytest.mark.timeout(500)]

SEED = 12
CALM_S = 90.0


@pytest.fixture(scope="module")
def rehearsal() -> Iterator[Rehearsal]:
    said: list[str] = []
    with Rehearsal(SEED, said.append) as begun:
        yield begun


def played(rehearsal: Rehearsal, name: str) -> Run:
    rehearsal.wait_calm(CALM_S)
    run = rehearsal.run(choose(load_scenarios(), name), lambda _: None)
    closed = run.watching.last("closed") or {}
    ranked = (run.watching.last("hypotheses") or {}).get("ranked") or [{}]
    story = (run.watching.outcome, ranked[0].get("text"), closed.get("text"), run.watching.sources)
    assert run.complaints == (), story
    assert run.judge_agrees, (story, run.judgement.findings)
    return run


def test_without_a_runbook_that_fits_it_is_handed_over_with_the_evidence(
    rehearsal: Rehearsal,
) -> None:
    run = played(rehearsal, "cache-down")
    closed = run.watching.last("closed") or {}
    assert "There is no plan" in closed["text"]
    assert any("accepts fails" in line for line in closed["look_next"])
    ranked = (run.watching.last("hypotheses") or {})["ranked"]
    discarded = [h for h in ranked[1:] if h["contradicted_by"]]
    assert discarded, "the explanations that were discarded, with what speaks against them"
    assert run.watching.last("planned") is None


def test_a_fault_that_no_probe_covers_is_never_a_false_alarm(rehearsal: Rehearsal) -> None:
    run = played(rehearsal, "uncovered-page")
    assert run.watching.incident["stage"] == "ESCALATED"
    assert run.watching.last("planned") is None


def test_a_queue_that_was_paused_on_purpose_is_left_alone(rehearsal: Rehearsal) -> None:
    run = played(rehearsal, "queue-paused")
    assert run.watching.last("planned") is None


def test_a_long_report_is_left_alone(rehearsal: Rehearsal) -> None:
    run = played(rehearsal, "long-report")
    found = {e["finding"] for e in run.watching.payloads("evidence")}
    assert "session_busy" in found


def test_what_a_person_repairs_while_vigil_asks_is_noticed(rehearsal: Rehearsal) -> None:
    run = played(rehearsal, "repaired-by-hand")
    assert run.watching.payloads("waiting"), "a plan waited for a person"
    (withdrawn,) = run.watching.payloads("withdrawn")
    assert withdrawn["by"] == "vigil"
    assert run.watching.actions_executed == 0


def test_a_cure_that_does_not_work_is_undone_through_the_gate(rehearsal: Rehearsal) -> None:
    """Last, because what two broken releases logged is still in the log after them."""
    run = played(rehearsal, "previous-release-broken")
    kinds = [plan["kind"] for plan in run.watching.payloads("planned")]
    assert kinds == ["remedy", "rollback"]
    decisions = [verdict["decision"] for verdict in run.watching.payloads("judged")]
    assert decisions == ["allow", "allow"]
    closed = run.watching.last("closed") or {}
    assert "has been undone" in closed["text"]
