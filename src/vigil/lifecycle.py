"""The story of an incident, top to bottom.

Four segments, each short: orient, decide, act, close. Between two of them an incident that waits
is only rows. Every segment can be started again from its beginning after a crash: what is on
record is read, what is not is done.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from vigil import decided, still_right
from vigil.act.execute import Permit, execute, locked_set
from vigil.close import called_off, escalate, resolve
from vigil.close.learn import learn
from vigil.decide.synthesize import Synthesis, rollback, synthesize
from vigil.domain.case import Investigation, Ranking, Recollection
from vigil.domain.ending import Ending
from vigil.domain.errors import LockHeld, TemporaryError, VigilError
from vigil.domain.incident import Stage, WaitingOn
from vigil.domain.plan import Action, Execution, Plan, PlanKind
from vigil.domain.proof import Outcome, Proof
from vigil.domain.run import Lease
from vigil.domain.verdict import Decision, Verdict
from vigil.orient.hypothesize import hypothesize
from vigil.orient.investigate import investigate
from vigil.orient.recall import recall
from vigil.orient.scene import Scene
from vigil.parts import Parts
from vigil.ports.journal import NextSegment, Note
from vigil.ports.workers import LEASE_S
from vigil.ports.workflow import Segment
from vigil.progress import MovedOn, Progress
from vigil.recorded import BASELINE, VERDICT, Tried
from vigil.telling import (
    tell_baseline,
    tell_execution,
    tell_investigation,
    tell_lesson,
    tell_plan,
    tell_proof,
    tell_ranking,
    tell_recollection,
    tell_synthesis,
    tell_verdict,
)
from vigil.verify.baseline import Baseline, take_baseline
from vigil.verify.condition import condition_holds
from vigil.verify.verify import improved, verify

LEASE_MARGIN_S = 60.0
"""How much longer than an action's own limit its lease is."""
OUTPUT_LINES = 200
"""How many lines of a plan's output the timeline keeps."""


class Lifecycle:
    """Runs segments of incidents."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def run(self, segment: Segment, incident_id: str, attempt: int) -> None:
        """Do one segment to its end; the same segment again does only what is missing.

        A ``TemporaryError`` is the caller's to repeat. Anything else that goes wrong ends in
        escalation: whatever is broken in Vigil, a person is told.
        """
        following = NextSegment(segment=segment, incident=incident_id, attempt=attempt)
        incident = await self._parts.journal.take_up(following, self._parts.worker)
        if incident is None:
            return
        progress = Progress(incident, attempt, self._parts.journal, self._parts.senses.clock)
        work = {
            Segment.ORIENT: self.orient,
            Segment.DECIDE: self.decide,
            Segment.ACT: self.act,
            Segment.CLOSE: self.close,
        }[segment]
        try:
            await work(progress)
            # A run that is not the first may find that nothing is left to do.
            await progress.let_go()
        except MovedOn:
            await self._keep_nothing(incident_id)
        except TemporaryError:
            await progress.let_go()
            raise
        except Exception as error:  # noqa: BLE001 - whatever broke, a person is told
            await self.give_up(segment, incident_id, attempt, error)

    async def _keep_nothing(self, incident_id: str) -> None:
        """Somebody may have closed it while this run was about to lock something for it."""
        incident = await self._parts.journal.incident(incident_id)
        if incident.closed_at is not None:
            await self._parts.locks.release(incident_id)

    # --- orient -----------------------------------------------------------------------------

    async def orient(self, progress: Progress) -> None:
        """Is it true? What could it be? Do we know this?"""
        scene = Scene(progress.incident, self._parts.catalogue, self._parts.senses)
        investigation = await progress.stage(
            Stage.INVESTIGATING, Investigation, lambda: investigate(scene), tell_investigation
        )

        async def rank() -> Ranking:
            return hypothesize(progress.incident.service, investigation)

        ranking = await progress.stage(Stage.HYPOTHESIS_RECEIVED, Ranking, rank, tell_ranking)
        early = resolve.false_alarm(investigation, ranking) or escalate.nothing_to_check(
            investigation
        )
        if early is not None:
            return await progress.end(early)
        await progress.stage(
            Stage.CONTEXT_RETRIEVED,
            Recollection,
            lambda: recall(scene, ranking, self._parts.memory),
            lambda recollection: tell_recollection(recollection, ranking.top.likelihood),
        )
        return await progress.hand_over(Segment.DECIDE)

    # --- decide -----------------------------------------------------------------------------

    async def decide(self, progress: Progress) -> None:
        """What shall be done, what would it do, and may it be done unasked?"""
        undo = await progress.recorded.undo()
        if undo is not None:
            return await self._follow(progress, undo)
        briefing = await progress.recorded.briefing(progress.incident, self._parts.catalogue)
        synthesis = await progress.stage(
            Stage.SYNTHESIZING,
            Synthesis,
            lambda: synthesize(briefing, self._parts.catalogue, self._parts.reasoner),
            tell_synthesis,
        )
        plan = synthesis.plan
        if plan is None:
            known = Investigation(evidence=briefing.evidence)
            ranking = Ranking(hypotheses=briefing.hypotheses)
            return await progress.end(escalate.no_plan(synthesis.reasons, ranking, known))
        return await self._follow(progress, plan)

    async def _follow(self, progress: Progress, plan: Plan) -> None:
        """Go on, ask a person, or stop, as the gate says."""
        verdict = await progress.stage(
            Stage.SYNTHESIZING,
            Verdict,
            lambda: still_right.judged_now(self._parts, progress, plan),
            tell_verdict,
            VERDICT,
        )
        if verdict.decision is Decision.ALLOW:
            return await progress.hand_over(Segment.ACT, plan_digest=plan.digest)
        if verdict.decision is Decision.ASK:
            return await self._ask(progress, plan)
        return await progress.end(await still_right.refused(progress, plan, verdict))

    async def _ask(self, progress: Progress, plan: Plan) -> None:
        """Wait for a person, unless a former run of this segment began to, or was answered."""
        if progress.incident.waiting_on is WaitingOn.APPROVAL:
            return
        if await progress.recorded.answer(plan.digest) is None:
            at_most = timedelta(seconds=self._parts.policy.approval_expires_after_s)
            await progress.wait_for_approval(plan.digest, at_most)

    # --- act --------------------------------------------------------------------------------

    async def act(self, progress: Progress) -> None:
        """Do it under locks, and prove from the user's side that it helped."""
        if progress.incident.waiting_on is WaitingOn.LOCKS:
            return  # A former run began to wait; the next turn begins when the locks are free.
        plan = await progress.recorded.plan()
        if plan is None:
            raise VigilError(f"incident {progress.incident.id} has no plan to execute")
        # Once it is proven nothing is locked again: by now others may be at work there.
        tried = await progress.recorded.tried() or await self._carry_out(progress, plan)
        if tried is None:
            return
        await self._parts.locks.release(plan.incident, self._parts.worker)
        if plan.kind is PlanKind.ROLLBACK:
            await self._end_rollback(progress, tried.execution)
        else:
            await self._end_remedy(progress, plan, tried.execution, tried.proof)

    async def _carry_out(self, progress: Progress, plan: Plan) -> Tried | None:
        """All that needs the locks; None when it ends, or has to wait, before it is begun."""
        # From EXECUTING on its steps may have begun, and it is carried through.
        begun = progress.incident.stage is not Stage.SYNTHESIZING
        if not begun and not await self._may_begin(progress, plan):
            return None
        approved_digest = await progress.recorded.approved_digest(plan)
        await self._lock(plan)
        baseline = await progress.stage(
            Stage.EXECUTING,
            Baseline,
            lambda: self._take_baseline(plan),
            tell_baseline,
            BASELINE,
        )
        if plan.kind is PlanKind.REMEDY and (vain := _in_vain(plan, baseline)) is not None:
            await self._parts.locks.release(plan.incident, self._parts.worker)
            await progress.end(vain)
            return None
        permit = Permit(approved_digest, lambda action: self._hold(plan, action))
        execution = await progress.stage(
            Stage.EXECUTING,
            Execution,
            lambda: self._execute(progress, plan, permit),
            tell_execution,
        )
        await self._lock(plan)
        proof = await progress.stage(
            Stage.VERIFYING, Proof, lambda: self._verify(plan, execution, baseline), tell_proof
        )
        return Tried(plan, execution, proof)

    async def _may_begin(self, progress: Progress, plan: Plan) -> bool:
        """Whether it is still right, and nobody else is at work there; otherwise it ends or waits.

        What waits is rows, and is asked all of this anew when its turn has come.
        """
        objection = await still_right.objection(self._parts, progress, plan)
        if objection is not None:
            await progress.end(objection)
            return False
        try:
            await self._lock(plan)
        except LockHeld as busy:
            if not busy.held:
                raise  # By a worker that acted for this very incident, and may be dead.
            await progress.wait_for_locks(busy)
            return False
        return True

    async def _end_remedy(
        self, progress: Progress, plan: Plan, execution: Execution, proof: Proof
    ) -> None:
        """Proven: resolve. Worse, or no better: undo. Otherwise leave it and ask a person."""
        if proof.outcome is Outcome.VERIFIED:
            return await progress.end(resolve.verified(plan, proof))
        undo = rollback(plan, execution)
        should_undo = proof.outcome is Outcome.REGRESSED or (
            proof.outcome is Outcome.NOT_FIXED and not improved(proof)
        )
        if undo is not None and should_undo and await progress.roll_back(undo, tell_plan(undo)):
            return None
        if (cancelled := await progress.recorded.cancellation()) is not None:
            ending = called_off.after_acting(cancelled, plan, execution, proof)
            return await progress.end(ending)
        left = escalate.left_in_place(execution, undo)
        return await progress.end(escalate.not_proven(plan, proof, execution, left))

    async def _end_rollback(self, progress: Progress, execution: Execution) -> None:
        """Whatever the undo did, the trouble is still there: a person is told of both."""
        tried = await progress.recorded.tried_before()
        if tried is None:
            raise VigilError(f"incident {progress.incident.id} has no record of what was undone")
        cancelled = await progress.recorded.cancellation()
        if cancelled is not None and not execution.succeeded:
            before = (tried.plan, tried.execution, tried.proof)
            return await progress.end(called_off.while_undoing(cancelled, *before, execution))
        undone = escalate.undone(tried.plan, execution)
        ending = escalate.not_proven(tried.plan, tried.proof, execution, undone)
        return await progress.end(ending)

    async def _execute(self, progress: Progress, plan: Plan, permit: Permit) -> Execution:
        lines = 0

        async def on_line(action: str, line: str) -> None:
            nonlocal lines
            lines += 1
            if lines <= OUTPUT_LINES:
                await progress.append(
                    Note(kind="action_output", payload={"action": action, "line": line})
                )

        return await execute(
            plan,
            permit,
            sandbox=self._parts.sandbox,
            begin=lambda action: self._begin(progress, action),
            on_line=on_line,
        )

    async def _begin(self, progress: Progress, action: str) -> str | None:
        """Why an action is not begun, or None: that it is stands on record from here on.

        One that stands there already is asked for whatever was said since: it may have been done,
        and the runner knows.
        """
        if await progress.recorded.begun(action):
            return None
        switch = self._parts.switch.read()
        if switch.stopped:
            return f"The stop switch is on ({switch.text or 'no reason given'})."
        if await progress.begin(action):
            return None
        return f"Nothing more was begun: {await progress.recorded.cancellation()}."

    async def _take_baseline(self, plan: Plan) -> Baseline:
        return await take_baseline(
            plan,
            self._parts.catalogue,
            self._parts.senses.probes,
            clock=self._parts.senses.clock,
            condition_holds=lambda: self._condition_holds(plan),
        )

    async def _verify(self, plan: Plan, execution: Execution, baseline: Baseline) -> Proof:
        return await verify(
            plan,
            execution,
            baseline,
            catalogue=self._parts.catalogue,
            probes=self._parts.senses.probes,
            clock=self._parts.senses.clock,
            condition_holds=lambda: self._condition_holds(plan),
        )

    async def _condition_holds(self, plan: Plan) -> bool | None:
        return await condition_holds(plan, self._parts.catalogue, self._parts.senses.telemetry)

    async def _lock(self, plan: Plan, seconds: float = LEASE_S) -> Lease:
        """Take the locks, or take them once more; while this worker lives its keeper renews them.

        Others get them when they are released and not before. The lease is what this worker may
        count on: after it, another one may go on with this very plan.
        """
        now = self._parts.senses.clock.now()
        wanted, worker = locked_set(plan), self._parts.worker
        fences = await self._parts.locks.take(wanted, plan.incident, worker, now, seconds)
        return Lease(fences=fences, until=now + timedelta(seconds=seconds), seconds=seconds)

    async def _hold(self, plan: Plan, action: Action) -> Lease:
        """The runner is not told of renewals: what it is given must last for the whole action."""
        return await self._lock(plan, action.timeout_s + LEASE_MARGIN_S)

    # --- close ------------------------------------------------------------------------------

    async def close(self, progress: Progress) -> None:
        """Say how it ended and keep the lesson."""
        # However it came here: also from a run that could not give them back, or that waited.
        await self._parts.locks.release(progress.incident.id)
        ending = await progress.recorded.ending(progress.incident.stage)
        if ending is None:
            ending = await decided.ending(self._parts, progress)
        learned = await self._learn(progress, ending)
        stage = Stage.RESOLVED if ending.resolved else Stage.ESCALATED
        await progress.close(stage, ending, learned)

    async def _learn(self, progress: Progress, ending: Ending) -> Sequence[Note]:
        """Keep the lessons of this incident, and tell what they move."""
        learned = await learn(
            progress.incident,
            await progress.recorded.lived_through(),
            ending,
            catalogue=self._parts.catalogue,
            memory=self._parts.memory,
            now=self._parts.senses.clock.now(),
        )
        return [tell_lesson(each) for each in learned]

    async def give_up(
        self, segment: Segment, incident_id: str, attempt: int, error: Exception
    ) -> None:
        """Vigil failed on this incident: give back its locks and tell a person.

        Unless another run of the segment came further: then the story goes on without this one.
        """
        failed = NextSegment(segment=segment, incident=incident_id, attempt=attempt)
        mine = await self._parts.journal.take_up(failed, self._parts.worker)
        if mine is None:
            return
        text = str(error) if isinstance(error, VigilError) else type(error).__name__
        # "Not executed" would be a claim that nobody can make any more from here on.
        started = mine.attempt > 1 or mine.stage in {Stage.EXECUTING, Stage.VERIFYING}
        progress = Progress(mine, mine.attempt, self._parts.journal, self._parts.senses.clock)
        ending = escalate.gave_up(text, started=started)
        await progress.close(Stage.ESCALATED, ending)
        # Not before: until it is closed another run may go on with it, and needs them.
        await self._parts.locks.release(incident_id)
        # The person is told; a lesson is worth less, and may be what cannot be written or read.
        with suppress(VigilError, ValueError):
            for note in await self._learn(progress, ending):
                await progress.append(note)


def _in_vain(plan: Plan, baseline: Baseline) -> Ending | None:
    """Why a remedy is not begun after all: nothing could prove it, or nothing is left to cure."""
    unseen = baseline.unseen(plan.proving)
    if unseen:
        return escalate.unprovable(plan, unseen)
    return None if baseline.still_failing(plan.proving) else escalate.gone(plan)
