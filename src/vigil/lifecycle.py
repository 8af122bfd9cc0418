"""The story of an incident, top to bottom.

Four segments, each short: orient, decide, act, close. Between two of them an incident that waits
is only rows. Every segment can be started again from its beginning after a crash: what is on
record is read, what is not is done.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from vigil.act.execute import Permit, execute, lease_seconds, locked_set
from vigil.close import escalate, resolve
from vigil.close.learn import Attempt, learn
from vigil.decide.confidence import confidence
from vigil.decide.gate import Facts, judge
from vigil.decide.synthesize import Synthesis, rollback, synthesize
from vigil.domain.briefing import Briefing
from vigil.domain.case import Investigation, Ranking, Recollection
from vigil.domain.catalogue import Catalogue
from vigil.domain.change import Release
from vigil.domain.ending import Ending
from vigil.domain.errors import TemporaryError, VigilError
from vigil.domain.incident import CLOSED, Incident, Stage, WaitingOn
from vigil.domain.plan import Execution, Plan, PlanKind
from vigil.domain.policy import Policy
from vigil.domain.proof import Outcome, Proof
from vigil.domain.run import Lease
from vigil.domain.verdict import Answer, Decision, Verdict
from vigil.orient.hypothesize import hypothesize
from vigil.orient.investigate import investigate
from vigil.orient.investigators.releases import OWN_NAME, releases_of
from vigil.orient.recall import recall
from vigil.orient.scene import Scene, Senses
from vigil.ports.journal import Journal, Note
from vigil.ports.locks import Locks
from vigil.ports.memory import Memory
from vigil.ports.reasoner import Reasoner
from vigil.ports.sandbox import Sandbox
from vigil.ports.switch import Switch
from vigil.ports.workflow import Segment
from vigil.progress import (
    BASELINE,
    ENDING,
    ROLLBACK,
    VERDICT,
    MovedOn,
    Progress,
    recorded_plan,
)
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

# In which stages a segment finds an incident that is still its own to move; a segment that is
# started again later than that was overtaken by the next one and has nothing left to do.
BELONGS_TO = MappingProxyType(
    {
        Segment.ORIENT: frozenset(
            {
                Stage.TRIGGERED,
                Stage.INVESTIGATING,
                Stage.HYPOTHESIS_RECEIVED,
                Stage.CONTEXT_RETRIEVED,
            }
        ),
        Segment.DECIDE: frozenset({Stage.CONTEXT_RETRIEVED, Stage.SYNTHESIZING}),
        Segment.ACT: frozenset({Stage.SYNTHESIZING, Stage.EXECUTING, Stage.VERIFYING}),
        Segment.CLOSE: frozenset(Stage) - CLOSED,
    }
)


@dataclass(frozen=True)
class Parts:
    """Everything the story needs: what is known, and a port for each thing that reaches out."""

    catalogue: Catalogue
    policy: Policy
    senses: Senses
    journal: Journal
    memory: Memory
    reasoner: Reasoner
    sandbox: Sandbox
    switch: Switch
    locks: Locks


@dataclass(frozen=True)
class Tried:
    """An attempt that was executed."""

    plan: Plan
    execution: Execution
    proof: Proof


class Lifecycle:
    """Runs segments of incidents."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def run(self, segment: Segment, incident_id: str, attempt: int) -> None:
        """Do one segment to its end; the same segment again does only what is missing.

        A ``TemporaryError`` is the caller's to repeat. Anything else that goes wrong ends in
        escalation: whatever is broken in Vigil, a person is told.
        """
        incident = await self._parts.journal.incident(incident_id)
        progress = Progress(incident, attempt, self._parts.journal, self._parts.senses.clock)
        if progress.stale or incident.stage not in BELONGS_TO[segment]:
            return
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
            raise
        except Exception as error:  # noqa: BLE001 - whatever broke, a person is told
            await self.give_up(incident_id, error)

    # --- orient -----------------------------------------------------------------------------

    async def orient(self, progress: Progress) -> None:
        """Is it true? What could it be? Do we know this?"""
        scene = self._scene(progress.incident)
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
        undo = await progress.recall(Stage.SYNTHESIZING, Plan, ROLLBACK)
        if undo is not None:
            return await self._follow(progress, undo, lambda: self._facts_of_rollback(progress))
        briefing = await self._briefing(progress)
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
        return await self._follow(progress, plan, lambda: self._facts(plan, briefing))

    async def _follow(
        self, progress: Progress, plan: Plan, facts: Callable[[], Awaitable[Facts]]
    ) -> None:
        """Go on, ask a person, or stop, as the gate says."""

        async def judged() -> Verdict:
            return judge(plan, self._parts.policy, await facts())

        verdict = await progress.stage(Stage.SYNTHESIZING, Verdict, judged, tell_verdict, VERDICT)
        if verdict.decision is Decision.ALLOW:
            return await progress.hand_over(Segment.ACT, plan_digest=plan.digest)
        if verdict.decision is Decision.ASK:
            return await self._ask(progress, plan)
        return await progress.end(await self._refused(progress, plan, verdict))

    async def _refused(self, progress: Progress, plan: Plan, verdict: Verdict) -> Ending:
        """The gate's no; to an undo it comes when something has been done, and that is said."""
        tried = await self._tried(progress)
        if tried is None:
            return escalate.denied(plan, verdict)
        left = f"It is still in place: the gate said no to its undo: {'; '.join(verdict.rules)}."
        return escalate.not_proven(tried.plan, tried.proof, tried.execution, left)

    async def _tried(self, progress: Progress) -> Tried | None:
        """The attempt before this one, if it was executed: what a rollback is about to undo."""
        before = progress.attempt - 1
        remedy = await progress.recall(Stage.SYNTHESIZING, Synthesis, attempt=before)
        execution = await progress.recall(Stage.EXECUTING, Execution, attempt=before)
        proof = await progress.recall(Stage.VERIFYING, Proof, attempt=before)
        if remedy is None or remedy.plan is None or execution is None or proof is None:
            return None
        return Tried(remedy.plan, execution, proof)

    async def _ask(self, progress: Progress, plan: Plan) -> None:
        """Wait for a person, unless a former run of this segment began to, or was answered."""
        if progress.incident.waiting_on is WaitingOn.APPROVAL:
            return
        if await self._parts.journal.approval(progress.incident.id, plan.digest) is None:
            await progress.wait_for_approval(plan.digest)

    async def _facts(self, plan: Plan, briefing: Briefing) -> Facts:
        match = next((m for m in briefing.matches if m.runbook.id == plan.runbook), None)
        likelihood = briefing.hypotheses[0].likelihood
        return Facts(
            service=briefing.service,
            confidence=confidence(likelihood, match.record) if match else 0,
            match=match,
            stopped=self._parts.switch.read().stopped,
            executed_last_hour=await self._executed_last_hour(),
        )

    async def _facts_of_rollback(self, progress: Progress) -> Facts:
        tried = await self._tried(progress)
        return Facts(
            service=self._parts.catalogue.services[progress.incident.service],
            confidence=0,
            match=None,
            stopped=self._parts.switch.read().stopped,
            executed_last_hour=await self._executed_last_hour(),
            undoes=tried.plan if tried else None,
        )

    # --- act --------------------------------------------------------------------------------

    async def act(self, progress: Progress) -> None:
        """Do it under locks, and prove from the user's side that it helped."""
        plan = await recorded_plan(self._parts.journal, progress.incident.id, progress.attempt)
        if plan is None:
            raise VigilError(f"incident {progress.incident.id} has no plan to execute")
        if progress.incident.stage is Stage.SYNTHESIZING and not await self._still_right(
            progress, plan
        ):
            return None
        approved_digest = await self._approved_digest(progress, plan)
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
            return await self._end_rollback(progress, plan, execution, proof)
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
        if undo is not None:
            left = "It was left as it is, because undoing it might make things worse."
        elif execution.results:
            left = "What was done has no undo."
        else:
            left = "Nothing was started, so there is nothing to undo."
        return await progress.end(escalate.not_proven(plan, proof, execution, left))

    async def _end_rollback(
        self, progress: Progress, undo: Plan, execution: Execution, proof: Proof
    ) -> None:
        """Whatever the undo did, the trouble is still there: a person is told of both."""
        tried = await self._tried(progress) or Tried(undo, execution, proof)
        kept = [action.title for action in tried.plan.actions if action.undo is None]
        if not execution.succeeded:
            undone = "The undo did not run to its end; see the timeline for what is in place."
        elif kept:
            undone = f"Every step that has an undo was undone; these have none: {'; '.join(kept)}."
        else:
            undone = "What was done has been undone."
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

    async def _still_right(self, progress: Progress, plan: Plan) -> bool:
        """Just before acting: does the gate say the same today, and is nobody else at work?

        A plan may have waited for hours. What was allowed then may be frozen now, and what it
        would switch away from may have been replaced by somebody's own repair.
        """
        verdict = judge(plan, self._parts.policy, await self._facts_now(progress, plan))
        approval = await self._parts.journal.approval(plan.incident, plan.digest)
        unasked = verdict.decision is Decision.ASK and approval is None
        if verdict.decision is Decision.DENY or unasked:
            # Not back to waiting: what would be asked about now is no longer what was judged.
            await progress.end(await self._refused(progress, plan, verdict))
            return False
        newer = await self._released_meanwhile(progress, plan)
        if newer is not None:
            await progress.end(await self._overtaken(progress, plan, newer))
            return False
        return True

    async def _overtaken(self, progress: Progress, plan: Plan, newer: Release) -> Ending:
        """Somebody released meanwhile; to an undo it comes when something has been done."""
        tried = await self._tried(progress)
        if tried is None:
            return escalate.overtaken(plan, newer)
        left = escalate.not_undone(newer)
        return escalate.not_proven(tried.plan, tried.proof, tried.execution, left)

    async def _facts_now(self, progress: Progress, plan: Plan) -> Facts:
        if plan.kind is PlanKind.ROLLBACK:
            return await self._facts_of_rollback(progress)
        return await self._facts(plan, await self._briefing(progress))

    async def _released_meanwhile(self, progress: Progress, plan: Plan) -> Release | None:
        """A release that came after what the plan was made from, and was not Vigil's own."""
        first = 1 if plan.kind is PlanKind.ROLLBACK else progress.attempt
        investigation = await progress.recall(Stage.INVESTIGATING, Investigation, attempt=first)
        if investigation is None or not investigation.evidence:
            return None
        releases = await releases_of(self._scene(progress.incident)) or ()
        looked = investigation.evidence[0].at
        return next((r for r in releases if r.at > looked and r.by != OWN_NAME), None)

    async def _approved_digest(self, progress: Progress, plan: Plan) -> str:
        """The digest that the gate or a person named."""
        verdict = await progress.recall(Stage.SYNTHESIZING, Verdict, VERDICT)
        approval = await self._parts.journal.approval(plan.incident, plan.digest)
        if approval is not None and approval.answer is Answer.APPROVED:
            return approval.plan_digest
        if verdict is None or verdict.decision is not Decision.ALLOW:
            raise VigilError(f"nobody approved plan {plan.digest} of incident {plan.incident}")
        return verdict.plan_digest

    async def _lock(self, plan: Plan, seconds: float) -> Lease:
        """Take or renew the locks; the lease ends when the locks do, not later."""
        now = self._parts.senses.clock.now()
        fences = await self._parts.locks.take(locked_set(plan), plan.incident, now, seconds)
        return Lease(fences=fences, until=now + timedelta(seconds=seconds))

    # --- close ------------------------------------------------------------------------------

    async def close(self, progress: Progress) -> None:
        """Say how it ended and keep the lesson."""
        ending = await progress.recall(progress.incident.stage, Ending, ENDING)
        if ending is None:
            ending = await self._not_approved(progress)
        learned = await self._learn(progress, ending)
        stage = Stage.RESOLVED if ending.resolved else Stage.ESCALATED
        await progress.close(stage, ending, learned)

    async def _not_approved(self, progress: Progress) -> Ending:
        """A person said no, or the symptom was gone before anybody answered."""
        incident = progress.incident
        answer = await self._parts.journal.approval(incident.id, incident.plan_digest or "")
        plan = await recorded_plan(self._parts.journal, incident.id, progress.attempt)
        if plan is None or answer is None or answer.answer is not Answer.WITHDRAWN:
            return escalate.rejected(answer)
        newer = await self._released_meanwhile(progress, plan)
        return escalate.overtaken(plan, newer) if newer else escalate.gone(plan)

    async def _learn(self, progress: Progress, ending: Ending) -> Sequence[Note]:
        """Keep the lessons of this incident, and tell what they move."""
        found = [await self._attempt(progress, n) for n in range(1, progress.attempt + 1)]
        learned = await learn(
            progress.incident,
            [attempt for attempt in found if attempt is not None],
            ending,
            catalogue=self._parts.catalogue,
            memory=self._parts.memory,
            now=self._parts.senses.clock.now(),
        )
        return [tell_lesson(each) for each in learned]

    async def _attempt(self, progress: Progress, number: int) -> Attempt | None:
        """What an attempt left on record, from its ranking on; a rollback has none."""
        ranking = await progress.recall(Stage.HYPOTHESIS_RECEIVED, Ranking, attempt=number)
        if ranking is None:
            return None
        recalled = await progress.recall(Stage.CONTEXT_RETRIEVED, Recollection, attempt=number)
        synthesis = await progress.recall(Stage.SYNTHESIZING, Synthesis, attempt=number)
        return Attempt(
            number=number,
            top=ranking.top,
            matches=recalled.matches if recalled else (),
            plan=synthesis.plan if synthesis else None,
            execution=await progress.recall(Stage.EXECUTING, Execution, attempt=number),
            proof=await progress.recall(Stage.VERIFYING, Proof, attempt=number),
        )

    async def give_up(self, incident_id: str, error: Exception) -> None:
        """Vigil failed on this incident: give back its locks and tell a person."""
        incident = await self._parts.journal.incident(incident_id)
        if incident.closed_at is not None:
            return
        await self._parts.locks.release(incident_id)
        text = str(error) if isinstance(error, VigilError) else type(error).__name__
        # "Not executed" would be a claim that nobody can make any more from here on.
        started = incident.attempt > 1 or incident.stage in {Stage.EXECUTING, Stage.VERIFYING}
        progress = Progress(
            incident, incident.attempt, self._parts.journal, self._parts.senses.clock
        )
        ending = escalate.gave_up(text, started=started)
        await progress.close(Stage.ESCALATED, ending)
        # The person is told; a lesson is worth less, and may be what cannot be written or read.
        with suppress(VigilError, ValueError):
            for note in await self._learn(progress, ending):
                await progress.append(note)

    # --- what the segments share ------------------------------------------------------------

    def _scene(self, incident: Incident) -> Scene:
        return Scene(incident, self._parts.catalogue, self._parts.senses)

    async def _briefing(self, progress: Progress) -> Briefing:
        """What orient left on record, for the reasoner."""
        investigation = await progress.recall(Stage.INVESTIGATING, Investigation)
        ranking = await progress.recall(Stage.HYPOTHESIS_RECEIVED, Ranking)
        recollection = await progress.recall(Stage.CONTEXT_RETRIEVED, Recollection)
        if investigation is None or ranking is None or recollection is None:
            raise VigilError(f"incident {progress.incident.id} was not oriented before deciding")
        return Briefing(
            incident=progress.incident,
            service=self._parts.catalogue.services[progress.incident.service],
            hypotheses=ranking.hypotheses,
            evidence=investigation.evidence,
            matches=recollection.matches,
            past=recollection.past,
        )

    async def _executed_last_hour(self) -> int:
        an_hour_ago = self._parts.senses.clock.now() - timedelta(hours=1)
        return await self._parts.journal.executions_since(an_hour_ago)


def _in_vain(plan: Plan, baseline: Baseline) -> Ending | None:
    """Why a remedy is not begun after all: nothing could prove it, or nothing is left to cure."""
    unseen = baseline.unseen(plan.proving)
    if unseen:
        return escalate.unprovable(plan, unseen)
    return None if baseline.still_failing(plan.proving) else escalate.gone(plan)
