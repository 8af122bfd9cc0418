"""What may end without a person, and what a person is told (below 1 s)."""

from datetime import timedelta
from itertools import combinations

import pytest
from tests.phases.values import RESTART, SWITCH_BACK, SWITCH_FORTH, action, executed, plan, seen
from tests.support.hand_clock import START
from tests.support.world import catalogue

from vigil.close import called_off, escalate, resolve
from vigil.decide.gate import Facts, judge
from vigil.decide.synthesize import rollback
from vigil.domain.case import Investigation
from vigil.domain.catalogue import Autonomy
from vigil.domain.effects import Risk
from vigil.domain.evidence import Finding as F  # noqa: N817 - read in long lists
from vigil.domain.plan import ActionStatus, Author, Execution, Plan, Reason
from vigil.domain.policy import Policy
from vigil.domain.proof import Outcome, Proof
from vigil.domain.verdict import Answer, Approval, Cancellation, Decision, Verdict
from vigil.orient.hypothesize import hypothesize

HEALTHY = (F.SYMPTOM_PASSING, F.CONDITION_CLEAR)
DOUBTS = (
    F.SYMPTOM_FAILING,
    F.SYMPTOM_UNKNOWN,
    F.CONDITION_HOLDS,
)
BESIDE = (
    F.PROCESS_DOWN,
    F.DEPENDENCY_FAILING,
    F.DATABASE_LOCK,
    F.ERRORS_SINCE_RELEASE,
    F.SLOWER_SINCE_RELEASE,
    F.LATENCY_UP,
    F.NO_PROGRESS,
    F.WORK_PAUSED,
    F.SESSION_LEAKED,
    F.SESSION_FOREIGN,
    F.SESSION_BUSY,
)
"""What may be broken although the symptom's own probes pass and its condition is clear."""


def is_false_alarm(*findings: F) -> bool:
    investigation = seen(*findings)
    ending = resolve.false_alarm(investigation, hypothesize("web", investigation))
    return ending is not None


def is_nothing_to_check(*findings: F) -> bool:
    return escalate.nothing_to_check(seen(*findings)) is not None


# --- false alarms ----------------------------------------------------------------------------


def test_a_false_alarm_needs_a_passing_probe_and_a_clear_condition() -> None:
    assert is_false_alarm(*HEALTHY)
    assert is_false_alarm(*HEALTHY, F.RELEASE_RECENT, F.PROCESSES_UP, F.DEPENDENCIES_PASSING)
    assert not is_false_alarm(F.SYMPTOM_PASSING)
    assert not is_false_alarm(F.CONDITION_CLEAR)
    assert not is_false_alarm()


@pytest.mark.parametrize(
    "doubts",
    [some for size in (1, 2, 3) for some in combinations(DOUBTS, size)],
    ids="+".join,
)
def test_any_doubt_is_no_false_alarm(doubts: tuple[F, ...]) -> None:
    assert not is_false_alarm(*HEALTHY, *doubts)


@pytest.mark.parametrize("unknown", [F.SYMPTOM_UNKNOWN, F.CONDITION_UNKNOWN, F.BLIND])
def test_unknown_never_counts_as_healthy(unknown: F) -> None:
    assert not is_false_alarm(unknown)
    assert not is_false_alarm(F.SYMPTOM_PASSING, unknown)
    assert not is_false_alarm(F.CONDITION_CLEAR, unknown)


@pytest.mark.parametrize("doubt", [*DOUBTS, *BESIDE])
def test_each_doubt_alone_is_enough_whatever_the_ranking_says(doubt: F) -> None:
    calm = hypothesize("web", seen(*HEALTHY))
    assert resolve.false_alarm(seen(*HEALTHY), calm) is not None
    assert resolve.false_alarm(seen(*HEALTHY, doubt), calm) is None
    assert {*DOUBTS, *BESIDE} == set(resolve.DOUBTS)


@pytest.mark.parametrize(
    ("investigator", "must_see"),
    [
        ("dependencies", True),
        ("processes", True),
        ("sessions", True),
        ("progress", True),
        ("releases", False),
        ("errors", False),
        ("latency", False),
    ],
)
def test_who_could_not_look_prevents_a_false_alarm_only_where_health_is_seen(
    investigator: str, *, must_see: bool
) -> None:
    healthy = seen(*HEALTHY, F.BLIND)
    *rest, blind = healthy.evidence
    investigation = Investigation(
        evidence=(*rest, blind.model_copy(update={"investigator": investigator}))
    )
    ending = resolve.false_alarm(investigation, hypothesize("web", investigation))
    assert (ending is None) is must_see
    handed_over = escalate.nothing_to_check(investigation)
    assert handed_over is not None
    assert "something else is not as it should be" in handed_over.text


@pytest.mark.parametrize("wrong", BESIDE)
def test_a_healthy_symptom_beside_something_broken_is_no_false_alarm(wrong: F) -> None:
    assert not is_false_alarm(*HEALTHY, wrong)
    ending = escalate.nothing_to_check(seen(*HEALTHY, wrong))
    assert ending is not None
    assert "something else is not as it should be" in ending.text
    assert f"somebody saw {wrong}" in ending.look_next


def test_a_false_alarm_says_what_was_seen() -> None:
    investigation = seen(*HEALTHY)
    ending = resolve.false_alarm(investigation, hypothesize("web", investigation))
    assert ending is not None
    assert (ending.resolved, ending.outcome) == (True, Outcome.FALSE_ALARM)
    for piece in investigation.evidence:
        assert piece.text in ending.text


# --- nothing to check ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("findings", "nothing"),
    [
        ((F.SYMPTOM_FAILING,), False),
        ((F.SYMPTOM_FAILING, F.SYMPTOM_UNKNOWN, F.CONDITION_UNKNOWN), False),
        ((F.SYMPTOM_UNKNOWN, F.CONDITION_CLEAR), True),
        ((F.SYMPTOM_UNKNOWN, F.CONDITION_HOLDS), True),
        ((F.SYMPTOM_PASSING, F.CONDITION_UNKNOWN), True),
        ((F.SYMPTOM_PASSING, F.SYMPTOM_UNKNOWN, F.CONDITION_CLEAR), True),
        ((), True),
    ],
)
def test_without_a_look_at_the_user_there_is_nothing_to_check(
    findings: tuple[F, ...], *, nothing: bool
) -> None:
    assert is_nothing_to_check(*findings) is nothing


def test_nothing_to_check_asks_for_a_mapping_and_hands_over_what_was_seen() -> None:
    ending = escalate.nothing_to_check(seen(F.SYMPTOM_UNKNOWN, F.DEPENDENCY_FAILING))
    assert ending is not None
    assert (ending.resolved, ending.outcome) == (False, Outcome.NOTHING_TO_CHECK)
    assert "Map this alert" in ending.look_next[0]
    assert "somebody saw dependency_failing" in ending.look_next


# --- what a person is told -------------------------------------------------------------------


def test_without_a_plan_the_evidence_is_handed_over() -> None:
    investigation = seen(F.SYMPTOM_FAILING, F.DATABASE_LOCK, F.PROCESSES_UP)
    ranking = hypothesize("web", investigation)
    reasons = (Reason(step="proof", text="No runbook cures this."),)
    ending = escalate.no_plan(reasons, ranking, investigation)
    assert not ending.resolved
    assert ranking.top.text in ending.text
    assert f"{ranking.top.likelihood:.0%}" in ending.text
    assert "No runbook cures this." in ending.text
    assert ending.look_next == ("somebody saw symptom_failing", "somebody saw database_lock"), (
        "what is well is left out"
    )


def test_a_denial_tells_what_would_have_been_done_and_why_not() -> None:
    planned = plan(catalogue())
    facts = Facts(
        service=catalogue(Autonomy.OBSERVE).services["web"],
        confidence=99,
        match=None,
        stopped=True,
        executed_last_hour=0,
    )
    verdict = judge(planned, Policy(), facts)
    ending = escalate.denied(planned, verdict)
    assert ending.outcome is Outcome.NOT_EXECUTED
    assert planned.summary in ending.text
    for rule in verdict.rules:
        assert rule in ending.text
    assert "action-1 is reversible and touches release:release. It can be undone." in ending.text
    assert ending.look_next == ("run action-1",)


def ungranted(autonomy: Autonomy) -> tuple[Plan, Verdict]:
    """A plan whose two calls nobody has granted, and the gate's word on it."""
    again = action(SWITCH_BACK + RESTART, None, "action-2")
    planned = plan(catalogue(), action(), again)
    bare = catalogue(autonomy).services["web"].model_copy(update={"grants": {}})
    facts = Facts(service=bare, confidence=99, match=None, stopped=False, executed_last_hour=0)
    return planned, judge(planned, Policy(), facts)


GRANTS_TO_ADD = tuple(
    f"To let Vigil do this, add a grant '{grant}' with the verb {verb} to web in vigil.yaml."
    for grant, verb in (("release", "release.switch"), ("restart", "process.restart"))
)


def test_a_plan_that_only_lacks_grants_is_a_recommendation() -> None:
    ending = escalate.denied(*ungranted(Autonomy.AUTO))
    assert ending.text.startswith("Nothing was done. Vigil recommends this plan, and may not carry")
    assert "deny: action-2 needs the grant 'restart' for process.restart" in ending.text
    assert ending.look_next == (
        "Recommended, for a person to do: run action-1",
        "Recommended, for a person to do: run action-2",
        *GRANTS_TO_ADD,
    )


def test_what_is_denied_for_another_reason_too_is_not_recommended() -> None:
    ending = escalate.denied(*ungranted(Autonomy.OBSERVE))
    assert "recommends" not in ending.text
    assert ending.look_next == ("run action-1", "run action-2", *GRANTS_TO_ADD)


def test_what_a_model_calls_a_step_is_no_advice() -> None:
    """Where only grants are missing it is told what the step does; otherwise it is not told."""
    title = 'what claude calls "Turn the firewall off"'
    by = Author(model="claude", prompt="1-abc")
    for autonomy, told in (
        (
            Autonomy.AUTO,
            f"Recommended, for a person to do: {title}: process.restart restart web-1",
        ),
        (Autonomy.OBSERVE, GRANTS_TO_ADD[1]),
    ):
        named = action(RESTART, None).model_copy(update={"title": title})
        planned = plan(catalogue(), named).model_copy(update={"author": by})
        bare = catalogue(autonomy).services["web"].model_copy(update={"grants": {}})
        facts = Facts(service=bare, confidence=99, match=None, stopped=False, executed_last_hour=0)
        ending = escalate.denied(planned, judge(planned, Policy(), facts))
        assert ending.look_next[0] == told


def test_a_denial_says_that_something_cannot_be_undone() -> None:
    planned = plan(catalogue(), action(undo=None))
    no = Verdict(
        plan_digest=planned.digest,
        decision=Decision.DENY,
        confidence=0,
        context_match=0,
        risk=Risk.HIGH,
        rules=("deny: the stop switch is on",),
    )
    assert "It has no undo: nothing to go back to." in escalate.denied(planned, no).text


def test_a_rejection_names_the_person() -> None:
    no = Approval(plan_digest="sha256:x", answer=Answer.REJECTED, by="Ada", at=START)
    assert "Ada said no" in escalate.rejected(no).text
    assert not escalate.rejected(no).resolved


def test_an_expiry_says_who_was_asked_how_long_and_how_to_go_on() -> None:
    planned = plan(catalogue())
    ending = escalate.expired(planned, "", timedelta(minutes=61))
    assert (ending.resolved, ending.outcome) == (False, Outcome.NOT_EXECUTED)
    for part in ("1 h 1 min", "anybody with access", "no answer means no", planned.summary):
        assert part in ending.text
    assert "ann@example.com" in escalate.expired(planned, "ann@example.com", timedelta()).text
    assert planned.actions[0].title in ending.look_next[0]


CANCELLED = Cancellation(by="Ada", at=START, reason="mine")


def test_who_takes_over_is_told_what_is_in_place_and_how_to_undo_it() -> None:
    actions = (action(), action(undo=None, action_id="action-2"), action(action_id="action-3"))
    planned = plan(catalogue(), *actions)
    proof = Proof(outcome=Outcome.REGRESSED, text="It is worse.", decided_at=START)
    execution = executed(planned, ActionStatus.SUCCEEDED, ActionStatus.UNCERTAIN)
    ending = called_off.after_acting(CANCELLED, planned, execution, proof)
    assert (ending.resolved, ending.outcome) == (False, Outcome.REGRESSED)
    for part in (planned.summary, proof.text, "nothing was undone", "by Ada at 2026", "mine"):
        assert part in ending.text
    asked, first, second = ending.look_next
    assert "Ada has it in hand" in asked
    assert first == f"run action-1: succeeded, in place; its undo would be: {SWITCH_FORTH.strip()}"
    assert second == (
        "run action-2: uncertain, perhaps in place; it has no undo: nothing to go back to"
    )


def test_what_was_never_begun_is_told_as_nothing() -> None:
    planned = plan(catalogue())
    proof = Proof(outcome=Outcome.NOT_EXECUTED, text="Nothing.", decided_at=START)
    nothing = Execution(plan_digest=planned.digest, results=(), refused="cancelled")
    ending = called_off.after_acting(CANCELLED, planned, nothing, proof)
    assert ending == called_off.before_acting(CANCELLED, planned)
    assert ending.text.startswith("Nothing was done")
    assert "The plan would have been" not in called_off.before_acting(CANCELLED, None).text


@pytest.mark.parametrize(("undone", "left"), [(0, (1, 2, 3)), (1, (1, 2)), (2, (2,))])
def test_of_an_undo_that_was_not_carried_on_the_rest_is_told(
    undone: int, left: tuple[int, ...]
) -> None:
    """It begins with what was done last, and leaves out what has no undo."""
    actions = (action(), action(undo=None, action_id="action-2"), action(action_id="action-3"))
    planned = plan(catalogue(), *actions)
    proof = Proof(outcome=Outcome.NOT_FIXED, text="It fails still.", decided_at=START)
    done = executed(planned)
    undo = rollback(planned, done)
    assert undo is not None
    undoing = executed(undo).model_copy(update={"results": executed(undo).results[:undone]})
    ending = called_off.while_undoing(CANCELLED, planned, done, proof, undoing)
    said = "Its undo was begun and not carried on" if undone else "nothing was undone"
    assert said in ending.text
    told = [line.partition(":")[0] for line in ending.look_next[1:]]
    assert told == [f"run action-{n}" for n in left]


def test_a_failed_proof_tells_what_was_tried_and_how_each_action_ended() -> None:
    planned = plan(catalogue(), action(), action(action_id="action-2"))
    proof = Proof(outcome=Outcome.NOT_FIXED, text="It fails still.", decided_at=START)
    execution = executed(
        planned, ActionStatus.SUCCEEDED, ActionStatus.TIMED_OUT, output="first\nlast words\n"
    )
    ending = escalate.not_proven(planned, proof, execution, "It was undone.")
    assert ending.outcome is Outcome.NOT_FIXED
    for part in (planned.summary, proof.text, "It was undone."):
        assert part in ending.text
    assert ending.look_next == (
        "action-1 succeeded: last words",
        "action-2 timed_out: last words",
    )


def test_what_a_runner_says_of_an_action_is_told_without_control_characters() -> None:
    planned = plan(catalogue())
    proof = Proof(outcome=Outcome.NOT_FIXED, text="It fails still.", decided_at=START)
    execution = executed(planned, ActionStatus.FAILED, output="\x1b[2Jall is well\u202e\r")
    ending = escalate.not_proven(planned, proof, execution, "It was undone.")
    assert ending.look_next == ("action-1 failed: all is well",)


def test_a_symptom_that_went_away_and_a_broken_vigil_are_told_as_such() -> None:
    gone = escalate.gone(plan(catalogue()))
    assert (gone.resolved, gone.outcome) == (False, Outcome.NOT_EXECUTED)
    assert "no longer there" in gone.text
    withdrawn = escalate.withdrawn(plan(catalogue()))
    assert (withdrawn.resolved, withdrawn.outcome) == (False, Outcome.NOT_EXECUTED)
    assert "while the plan waited for an answer" in withdrawn.text
    assert "just before acting" not in withdrawn.text
    broken = escalate.gave_up("the disk is full", started=False)
    assert broken.outcome is Outcome.NOT_EXECUTED
    assert "the disk is full" in broken.text
    assert any("vigil doctor" in line for line in broken.look_next)
    halfway = escalate.gave_up("the disk is full", started=True)
    assert halfway.outcome is Outcome.NOT_FIXED
    assert "may be in place" in halfway.text


def test_a_proven_cure_is_told_with_its_proof() -> None:
    proof = Proof(outcome=Outcome.VERIFIED, text="It passed for 10 s.", decided_at=START)
    ending = resolve.verified(plan(catalogue()), proof)
    assert (ending.resolved, ending.outcome) == (True, Outcome.VERIFIED)
    assert "It passed for 10 s." in ending.text
