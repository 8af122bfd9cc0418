"""The nine stages and the only steps between them (below 1 s)."""

import pytest
from tests.phases.values import incident
from tests.support.hand_clock import START

from vigil.domain.errors import IllegalTransition
from vigil.domain.incident import Incident, Stage, WaitingOn
from vigil.domain.proof import Outcome

# Written out here a second time, from the design: a change of the table has to be made twice.
LEGAL = {
    ("TRIGGERED", "INVESTIGATING"),
    ("INVESTIGATING", "HYPOTHESIS_RECEIVED"),
    ("HYPOTHESIS_RECEIVED", "CONTEXT_RETRIEVED"),
    ("HYPOTHESIS_RECEIVED", "RESOLVED"),
    ("CONTEXT_RETRIEVED", "SYNTHESIZING"),
    ("SYNTHESIZING", "EXECUTING"),
    ("EXECUTING", "VERIFYING"),
    ("VERIFYING", "RESOLVED"),
    ("VERIFYING", "SYNTHESIZING"),
    ("VERIFYING", "INVESTIGATING"),
    *((stage, "ESCALATED") for stage in list(Stage)[:7]),
}


def at(stage: Stage) -> Incident:
    return incident().model_copy(update={"stage": stage, "waiting_on": WaitingOn.APPROVAL})


def test_the_stored_names_of_the_stages() -> None:
    assert [str(stage) for stage in Stage] == [
        "TRIGGERED",
        "INVESTIGATING",
        "HYPOTHESIS_RECEIVED",
        "CONTEXT_RETRIEVED",
        "SYNTHESIZING",
        "EXECUTING",
        "VERIFYING",
        "RESOLVED",
        "ESCALATED",
    ]


@pytest.mark.parametrize("start", Stage)
@pytest.mark.parametrize("end", Stage)
def test_every_step_is_allowed_or_refused(start: Stage, end: Stage) -> None:
    if (start, end) not in LEGAL:
        with pytest.raises(IllegalTransition, match=f"inc-1 cannot go from {start} to {end}"):
            at(start).moved(end, START)
        return
    moved = at(start).moved(end, START)
    assert moved.stage is end
    assert moved.waiting_on is None, "whoever moves waits no more"
    assert (moved.closed_at is not None) is (end in {"RESOLVED", "ESCALATED"})


def test_a_move_leaves_the_old_value_alone_and_keeps_the_outcome() -> None:
    before = at(Stage.VERIFYING)
    after = before.moved(Stage.RESOLVED, START, outcome=Outcome.VERIFIED)
    assert (before.stage, before.outcome) == (Stage.VERIFYING, None)
    assert (after.outcome, after.closed_at) == (Outcome.VERIFIED, START)


def test_a_refusal_names_what_is_allowed() -> None:
    with pytest.raises(IllegalTransition, match="allowed: ESCALATED, INVESTIGATING"):
        at(Stage.TRIGGERED).moved(Stage.EXECUTING, START)
    with pytest.raises(IllegalTransition, match="allowed: nothing, it is closed"):
        at(Stage.RESOLVED).moved(Stage.ESCALATED, START)
