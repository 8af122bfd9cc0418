"""What Vigil must not be fooled by, one after the other on one shop (about 4 min, mostly waiting).

Real processes throughout. Two of them have files of their own, so that they can run beside this
one: ``test_failed_cure.py`` and ``test_locked_database.py``.
"""

import pytest
from tests.demo.conftest import Play

pytestmark = [pytest.mark.lab, pytest.mark.takes(230), pytest.mark.timeout(500)]


def test_without_a_runbook_that_fits_it_is_handed_over_with_the_evidence(play: Play) -> None:
    run = play("cache-down")
    closed = run.watching.last("closed") or {}
    assert "There is no plan" in closed["text"]
    assert any("accepts fails" in line for line in closed["look_next"])
    ranked = (run.watching.last("hypotheses") or {})["ranked"]
    discarded = [h for h in ranked[1:] if h["contradicted_by"]]
    assert discarded, "the explanations that were discarded, with what speaks against them"
    assert run.watching.last("planned") is None


def test_a_fault_that_no_probe_covers_is_never_a_false_alarm(play: Play) -> None:
    run = play("uncovered-page")
    assert run.watching.incident["stage"] == "ESCALATED"
    assert run.watching.last("planned") is None


def test_a_queue_that_was_paused_on_purpose_is_left_alone(play: Play) -> None:
    run = play("queue-paused")
    assert run.watching.last("planned") is None


def test_a_long_report_is_left_alone(play: Play) -> None:
    run = play("long-report")
    found = {e["finding"] for e in run.watching.payloads("evidence")}
    assert "session_busy" in found


def test_what_a_person_repairs_while_vigil_asks_is_noticed(play: Play) -> None:
    run = play("repaired-by-hand")
    assert run.watching.payloads("waiting"), "a plan waited for a person"
    (withdrawn,) = run.watching.payloads("withdrawn")
    assert withdrawn["by"] == "vigil"
    assert run.watching.actions_executed == 0
