"""Any order of answers, cancellations and runs: the journal says what a small model says (8 s)."""

import asyncio
from collections.abc import Coroutine
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.support.record import PLAN, Record, at, open_record, waiting

from vigil.domain.incident import Incident, Stage
from vigil.domain.verdict import Answer, Approval, Cancellation
from vigil.ports.journal import NextSegment
from vigil.ports.workflow import Segment

T = TypeVar("T")
UNTIL = 10.0
NEXT = {
    Stage.SYNTHESIZING: Stage.EXECUTING,
    Stage.EXECUTING: Stage.VERIFYING,
    Stage.VERIFYING: Stage.ESCALATED,
}
ANSWERS = st.sampled_from([a for a in Answer if a is not Answer.CANCELLED])


class OneIncident(RuleBasedStateMachine):
    """``stage``, ``due``, ``cancelled`` and ``newest`` are the model; all else is the record."""

    record: Record
    numbers = count()

    @initialize()
    def a_plan_waits(self) -> None:
        self.loop = asyncio.new_event_loop()
        symptom = f"s{next(self.numbers)}"
        self.incident = self.do(waiting(self.record, UNTIL, symptom)).id
        self.answer: Answer | None = None
        self.stage = Stage.SYNTHESIZING
        self.due: Segment | None = None
        self.cancelled = False
        self.newest: Incident | None = None
        self.runs: list[Incident] = []

    def teardown(self) -> None:
        self.loop.close()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    @rule(answer=ANSWERS, late=st.booleans())
    def somebody_answers(self, answer: Answer, *, late: bool) -> None:
        moment = at(UNTIL if late else UNTIL - 1)
        given = Approval(plan_digest=PLAN, answer=answer, by="Ada", at=moment)
        decided = self.do(self.record.journal.answer(self.incident, given))
        in_time = {Answer.APPROVED: not late, Answer.EXPIRED: late}.get(answer, True)
        assert decided.won == (self.answer is None and in_time)
        if decided.won:
            self.answer = answer
            self.due = Segment.ACT if answer is Answer.APPROVED else Segment.CLOSE

    @rule()
    def somebody_cancels(self) -> None:
        order = Cancellation(by="Grace", at=at(UNTIL - 1))
        decided = self.do(self.record.journal.cancel(self.incident, order))
        assert decided.won == (not self.cancelled and self.due is not Segment.CLOSE)
        assert bool(decided.approval) == (decided.won and self.answer is None)
        if not decided.won:
            return
        self.cancelled = True
        self.answer = self.answer or Answer.CANCELLED
        if self.stage is Stage.SYNTHESIZING:
            self.due, self.newest = Segment.CLOSE, None

    @precondition(lambda self: self.due is not None)
    @rule(worker=st.sampled_from("ab"), segment=st.sampled_from([Segment.ACT, Segment.CLOSE]))
    def a_worker_takes_it_up(self, worker: str, segment: Segment) -> None:
        following = NextSegment(segment=segment, incident=self.incident, attempt=1)
        over = self.stage is Stage.ESCALATED
        held_by = self.newest.claimed_by if self.newest else None
        elsewhere = held_by not in {None, worker}
        taken = self.do(self.record.journal.take_up(following, worker))
        outdated = segment is Segment.ACT and self.due is Segment.CLOSE
        assert (taken is None) == (over or outdated or elsewhere)
        if taken is not None:
            assert (taken.stage, bool(taken.cancelled_by)) == (self.stage, self.cancelled)
            self.newest = taken
            self.runs.append(taken)

    @precondition(lambda self: self.runs)
    @rule(data=st.data())
    def a_run_goes_on(self, data: st.DataObject) -> None:
        """The newest or one that was overtaken; to the next stage, or, proven, to its end."""
        run = data.draw(st.sampled_from(self.runs))
        mine = self.newest is not None and run.claim == self.newest.claim
        knows = bool(run.cancelled_by) == self.cancelled
        ends = run.stage is Stage.VERIFYING and self.due is Segment.ACT
        to = Stage.ESCALATED if self.due is Segment.CLOSE else NEXT.get(run.stage, run.stage)
        moved = run if ends else run.moved(to, at(UNTIL)) if run.stage in NEXT else run
        close = NextSegment(segment=Segment.CLOSE, incident=self.incident, attempt=1)
        written = self.do(
            self.record.journal.commit(
                incident=moved,
                expected=(run.stage, 1),
                now=at(UNTIL),
                following=close if ends else None,
            )
        )
        assert written == (mine and knows and run.stage is self.stage)
        if written:
            self.stage = moved.stage
            self.runs.remove(run)
            let_go = ends or moved.closed_at is not None
            self.newest = None if let_go else moved
            self.runs += [] if let_go else [moved]
            self.due = Segment.CLOSE if ends else self.due

    @precondition(lambda self: self.cancelled and self.runs)
    @rule()
    def a_run_sees_that_it_was_cancelled(self) -> None:
        self.runs[-1] = self.runs[-1].model_copy(update={"cancelled_by": "Grace"})

    @invariant()
    def the_record_says_the_same(self) -> None:
        found = self.do(self.record.journal.incident(self.incident))
        assert (found.stage, bool(found.cancelled_by)) == (self.stage, self.cancelled)
        assert (found.waiting_on is not None) == (self.answer is None)
        approval = self.do(self.record.journal.approval(self.incident, PLAN))
        assert (approval.answer if approval else None) == self.answer


def test_what_wins_is_what_the_model_says(tmp_path: Path) -> None:
    OneIncident.record = open_record(tmp_path)
    bounds = settings(
        max_examples=30, stateful_step_count=12, deadline=None, derandomize=True, database=None
    )
    run_state_machine_as_test(OneIncident, settings=bounds)
    OneIncident.record.engine.dispose()
