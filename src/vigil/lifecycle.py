"""The story of an incident, top to bottom.

Four segments, each short: orient, decide, act, close. Between two of them an incident that waits
is only rows. Every segment can be started again from its beginning after a crash: what is on
record is read, what is not is done.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from vigil.act.dry_run import dry_run
from vigil.close import called_off, escalate, resolve
from vigil.close.learn import learn
from vigil.decide.synthesize import Synthesis, rollback, synthesize
from vigil.domain import mishap
from vigil.domain.case import Investigation, Ranking, Recollection
from vigil.domain.ending import Ending
from vigil.domain.errors import TemporaryError, VigilError
from vigil.domain.foreseen import DryRun
from vigil.domain.incident import Stage, WaitingOn
from vigil.domain.plan import Execution, Plan, PlanKind
from vigil.domain.proof import Outcome, Proof
from vigil.domain.verdict import Decision, Verdict
from vigil.orient.hypothesize import hypothesize
from vigil.orient.investigate import investigate
from vigil.orient.recall import recall
from vigil.orient.scene import Scene
from vigil.ports.journal import NextSegment, Note
from vigil.ports.workflow import Segment
from vigil.story import recurring, settled, still_right
from vigil.story.acting import Acting
from vigil.story.asking import desk_of
from vigil.story.parts import Parts
from vigil.story.progress import MovedOn, Progress
from vigil.story.recorded import DRY_RUN, GLANCE, VERDICT
from vigil.story.telling import (
    tell_dry_run,
    tell_glance,
    tell_investigation,
    tell_lesson,
    tell_plan,
    tell_ranking,
    tell_recollection,
    tell_synthesis,
    tell_verdict,
)
from vigil.verify.baseline import Baseline, glance
from vigil.verify.improved import improved


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
            return  # It is done, or another worker's; if that one is lost it is due once more.
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
            await self._parts.locks.let_go(incident_id, self._parts.worker)

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
        back = await recurring.came_back(self._parts, progress, investigation)
        false_alarm = None if back else resolve.false_alarm(investigation, ranking)
        early = false_alarm or escalate.nothing_to_check(investigation, back)
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
            lambda: synthesize(
                briefing,
                self._parts.catalogue,
                self._parts.reasoner,
                self._parts.senses.changes,
                desk_of(self._parts, progress, briefing),
            ),
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
        """Wait for a person, unless a former run of this segment began to, or was answered.

        Whoever is asked is shown what the plan would do as things stand.
        """
        if progress.incident.waiting_on is WaitingOn.APPROVAL:
            return
        if await progress.recorded.answer(plan.digest) is None:
            await progress.stage(
                Stage.SYNTHESIZING,
                DryRun,
                lambda: dry_run(plan, self._parts.sandbox),
                tell_dry_run,
                DRY_RUN,
            )
            await progress.stage(
                Stage.SYNTHESIZING,
                Baseline,
                lambda: glance(plan, self._parts.eyes),
                tell_glance,
                GLANCE,
            )
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
        acting = Acting(self._parts, progress, plan)
        # Once it is proven nothing is locked again: the incident keeps what it has until it is
        # closed, so that nobody comes between a cure and its undo.
        tried = await progress.recorded.tried() or await acting.carry_out()
        if tried is None:
            return
        await self._parts.locks.let_go(plan.incident, self._parts.worker)
        if plan.kind is PlanKind.ROLLBACK:
            await self._end_rollback(progress, tried.execution, tried.proof)
        else:
            await self._end_remedy(progress, plan, tried.execution, tried.proof)

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

    async def _end_rollback(self, progress: Progress, execution: Execution, proof: Proof) -> None:
        """Whatever the undo did, the trouble is still there: a person is told of both."""
        tried = await progress.recorded.tried_before()
        if tried is None:
            raise VigilError(f"incident {progress.incident.id} has no record of what was undone")
        cancelled = await progress.recorded.cancellation()
        if cancelled is not None and not execution.succeeded:
            before = (tried.plan, tried.execution, tried.proof)
            return await progress.end(called_off.while_undoing(cancelled, *before, execution))
        undone = escalate.undone(tried.plan, execution, proof)
        failed = (tried.plan, tried.proof, tried.execution)
        return await progress.end(escalate.not_proven(*failed, undone, execution))

    # --- close ------------------------------------------------------------------------------

    async def close(self, progress: Progress) -> None:
        """Say how it ended and keep the lesson."""
        ending = await progress.recorded.ending(progress.incident.stage)
        if ending is None:
            ending = await settled.ending(self._parts, progress)
        learned = await self._learn(progress, ending)
        stage = Stage.RESOLVED if ending.resolved else Stage.ESCALATED
        await progress.close(stage, ending, learned)
        await self._parts.locks.release(progress.incident.id)

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

    # --- when Vigil itself fails ------------------------------------------------------------

    async def give_up(
        self, segment: Segment, incident_id: str, attempt: int, error: Exception
    ) -> None:
        """Vigil failed on this incident: tell a person.

        Unless another run of the segment came further: then the story goes on without this one.
        """
        failed = NextSegment(segment=segment, incident=incident_id, attempt=attempt)
        mine = await self._parts.journal.take_up(failed, self._parts.worker)
        if mine is None:
            return
        if mine.waiting_on is not None:
            await self._parts.journal.let_go(mine)
            return
        text = str(error) if isinstance(error, VigilError) else mishap.told(error)
        # "Not executed" would be a claim that nobody can make any more from here on.
        started = mine.attempt > 1 or mine.stage in {Stage.EXECUTING, Stage.VERIFYING}
        progress = Progress(mine, mine.attempt, self._parts.journal, self._parts.senses.clock)
        ending = escalate.gave_up(text, started=started)
        await progress.close(Stage.ESCALATED, ending)
        # Not before: until it is closed another run may go on with it, and needs them. Nor are they
        # released: a script that was begun may go on until its lease ends, and they with it.
        await self._parts.locks.let_go(incident_id)
        # The person is told; a lesson is worth less, and may be what cannot be written or read.
        with suppress(VigilError, ValueError):
            for note in await self._learn(progress, ending):
                await progress.append(note)
