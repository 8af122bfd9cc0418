"""The story of an incident, top to bottom.

Four segments, each short: orient, decide, act, close. Between two of them an incident that waits
is only rows. Every segment can be started again from its beginning after a crash: what is on
record is read, what is not is done.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from vigil import still_right
from vigil.act.execute import Permit, execute, lease_seconds, locked_set
from vigil.close import escalate, resolve
from vigil.close.learn import learn
from vigil.decide.synthesize import Synthesis, rollback, synthesize
from vigil.domain.case import Investigation, Ranking, Recollection
from vigil.domain.ending import Ending
from vigil.domain.errors import TemporaryError, VigilError
from vigil.domain.incident import Stage, WaitingOn
from vigil.domain.plan import Execution, Plan, PlanKind
from vigil.domain.proof import Outcome, Proof
from vigil.domain.run import Lease
from vigil.domain.verdict import Answer, Decision, Verdict
from vigil.orient.hypothesize import hypothesize
from vigil.orient.investigate import investigate
from vigil.orient.recall import recall
from vigil.orient.scene import Scene
from vigil.parts import Parts
from vigil.ports.journal import NextSegment, Note
from vigil.ports.workflow import Segment
from vigil.progress import MovedOn, Progress
from vigil.recorded import BASELINE, VERDICT
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
from vigil.verify.verify import PATIENCE_S, improved, verify

LEASE_MARGIN_S = 60.0
"""How much longer than the actions' own limits a lock is held for running them."""
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
        except MovedOn:
            return
        except TemporaryError:
            await self._parts.journal.let_go(incident)
            raise
        except Exception as error:  # noqa: BLE001 - whatever broke, a person is told
            await self.give_up(incident_id, error)

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
            await progress.wait_for_approval(plan.digest)

    # --- act --------------------------------------------------------------------------------

    async def act(self, progress: Progress) -> None:
        """Do it under locks, and prove from the user's side that it helped."""
        plan = await progress.recorded.plan()
        if plan is None:
            raise VigilError(f"incident {progress.incident.id} has no plan to execute")
        # From EXECUTING on its steps may have begun, and it is carried through.
        if progress.incident.stage is Stage.SYNTHESIZING:
            objection = await still_right.objection(self._parts, progress, plan)
            if objection is not None:
                return await progress.end(objection)
        approved_digest = await progress.recorded.approved_digest(plan)
        await self._lock(plan, lease_seconds(plan, LEASE_MARGIN_S))
        baseline = await progress.stage(
            Stage.EXECUTING,
            Baseline,
            lambda: self._take_baseline(plan),
            tell_baseline,
            BASELINE,
        )
        if plan.kind is PlanKind.REMEDY and (vain := _in_vain(plan, baseline)) is not None:
            await self._parts.locks.release(plan.incident)
            return await progress.end(vain)
        # Once more: the walks of the baseline may have taken most of the lease.
        lease = await self._lock(plan, lease_seconds(plan, LEASE_MARGIN_S))
        execution = await progress.stage(
            Stage.EXECUTING,
            Execution,
            lambda: self._execute(progress, plan, Permit(approved_digest, lease)),
            tell_execution,
        )
        await self._lock(plan, PATIENCE_S + LEASE_MARGIN_S)
        proof = await progress.stage(
            Stage.VERIFYING, Proof, lambda: self._verify(plan, execution, baseline), tell_proof
        )
        await self._parts.locks.release(plan.incident)
        if plan.kind is PlanKind.ROLLBACK:
            return await self._end_rollback(progress, execution)
        return await self._end_remedy(progress, plan, execution, proof)

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
        if undo is not None and should_undo:
            return await progress.roll_back(undo, tell_plan(undo))
        left = escalate.left_in_place(execution, undo)
        return await progress.end(escalate.not_proven(plan, proof, execution, left))

    async def _end_rollback(self, progress: Progress, execution: Execution) -> None:
        """Whatever the undo did, the trouble is still there: a person is told of both."""
        tried = await progress.recorded.tried_before()
        if tried is None:
            raise VigilError(f"incident {progress.incident.id} has no record of what was undone")
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
            switch=self._parts.switch,
            on_line=on_line,
        )

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

    async def _lock(self, plan: Plan, seconds: float) -> Lease:
        """Take or renew the locks; the lease ends when the locks do, not later."""
        now = self._parts.senses.clock.now()
        fences = await self._parts.locks.take(locked_set(plan), plan.incident, now, seconds)
        return Lease(fences=fences, until=now + timedelta(seconds=seconds))

    # --- close ------------------------------------------------------------------------------

    async def close(self, progress: Progress) -> None:
        """Say how it ended and keep the lesson."""
        ending = await progress.recorded.ending(progress.incident.stage)
        if ending is None:
            ending = await self._not_approved(progress)
        learned = await self._learn(progress, ending)
        stage = Stage.RESOLVED if ending.resolved else Stage.ESCALATED
        await progress.close(stage, ending, learned)

    async def _not_approved(self, progress: Progress) -> Ending:
        """A person said no, or the symptom was gone before anybody answered."""
        incident = progress.incident
        plan = await progress.recorded.plan()
        answer = await progress.recorded.answer(incident.plan_digest or "")
        if plan is None or answer is None:
            raise VigilError(f"incident {incident.id} ends without an ending and without an answer")
        if answer.answer is not Answer.WITHDRAWN:
            return escalate.rejected(answer)
        newer = await still_right.released_meanwhile(self._parts, progress, plan)
        return escalate.overtaken(plan, newer) if newer else escalate.withdrawn(plan)

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

    async def give_up(self, incident_id: str, error: Exception) -> None:
        """Vigil failed on this incident: give back its locks and tell a person."""
        incident = await self._parts.journal.incident(incident_id)
        last = NextSegment(segment=Segment.CLOSE, incident=incident_id, attempt=incident.attempt)
        mine = await self._parts.journal.take_up(last, self._parts.worker)
        if mine is None:
            return
        await self._parts.locks.release(incident_id)
        text = str(error) if isinstance(error, VigilError) else type(error).__name__
        # "Not executed" would be a claim that nobody can make any more from here on.
        started = incident.attempt > 1 or incident.stage in {Stage.EXECUTING, Stage.VERIFYING}
        progress = Progress(mine, mine.attempt, self._parts.journal, self._parts.senses.clock)
        ending = escalate.gave_up(text, started=started)
        await progress.close(Stage.ESCALATED, ending)
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
