"""What a lesson moves, whatever memory counts (below 1 s)."""

import asyncio

from tests.architecture.in_memory import RUNBOOK, OneRunbook
from tests.phases.values import action, executed, incident, plan
from tests.support.hand_clock import START
from tests.support.world import catalogue

from vigil.close.learn import Attempt, learn
from vigil.domain.ending import Ending
from vigil.domain.hypothesis import FailureType, Hypothesis
from vigil.domain.proof import Outcome, Proof
from vigil.domain.runbook import Record, Runbook, RunbookMatch

ALL_PROVEN = Record(trials=60, successes=60)


class Unmoved(OneRunbook):
    """A memory that had another lesson of this attempt already, and keeps the first one."""

    async def record(self, runbook: Runbook, service_kind: str) -> Record:
        return ALL_PROVEN


def test_a_memory_that_counts_otherwise_makes_no_record_that_cannot_be() -> None:
    known = catalogue()
    tried = plan(known, action()).model_copy(update={"runbook_digest": RUNBOOK.digest})
    match = RunbookMatch(
        runbook=RUNBOOK, context_match=90, checks=(), record=ALL_PROVEN, reasons=()
    )
    top = Hypothesis(
        failure_type=FailureType.BAD_RELEASE, component="web", likelihood=0.9, text="It is."
    )
    attempt = Attempt(
        number=1,
        top=top,
        matches=(match,),
        plan=tried,
        execution=executed(tried),
        proof=Proof(outcome=Outcome.NOT_FIXED, text="It still fails.", decided_at=START),
    )
    ending = Ending(resolved=False, outcome=Outcome.NOT_FIXED, text="Not proven.")
    learning = learn(incident(), [attempt], ending, catalogue=known, memory=Unmoved(), now=START)
    (learned,) = asyncio.run(learning)
    assert learned.moved is not None
    assert learned.moved.before == Record(trials=59, successes=59)
