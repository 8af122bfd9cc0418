"""The story of an incident, top to bottom.

Four segments, each short: orient, decide, act, close. Between two of them an incident that waits
is only rows. Every segment can be started again from its beginning after a crash: what is on
record is read, what is not is done.
"""

from dataclasses import dataclass
from types import MappingProxyType

from vigil.act.execute import Permit, execute, lease_end, lease_seconds, locked_set
from vigil.close import escalate, resolve
from vigil.close.learn import lesson_of
from vigil.decide.confidence import confidence
from vigil.decide.gate import Facts, judge
from vigil.decide.synthesize import Synthesis, rollback, synthesize
from vigil.domain.briefing import Briefing
from vigil.domain.case import Investigation, Ranking, Recollection
from vigil.domain.catalogue import Catalogue
from vigil.domain.ending import Ending
from vigil.domain.errors import TemporaryError, VigilError
from vigil.domain.incident import CLOSED, Incident, Stage, WaitingOn
from vigil.domain.plan import Execution, Plan, PlanKind
from vigil.domain.policy import Policy
from vigil.domain.proof import Outcome, Proof
from vigil.domain.run import Fence
from vigil.domain.verdict import Answer, Decision, Verdict
from vigil.orient.hypothesize import hypothesize
from vigil.orient.investigate import investigate
from vigil.orient.recall import recall
from vigil.orient.scene import Scene, Senses
from vigil.ports.journal import Journal, Note
from vigil.ports.locks import Locks
from vigil.ports.memory import Memory
from vigil.ports.reasoner import Reasoner
from vigil.ports.sandbox import Sandbox
from vigil.ports.switch import Switch
from vigil.ports.workflow import Segment
from vigil.progress import MovedOn, Progress
from vigil.telling import (
    tell_baseline,
    tell_execution,
    tell_investigation,
    tell_plan,
    tell_proof,
    tell_ranking,
    tell_recollection,
    tell_verdict,
)
from vigil.verify.baseline import Baseline, take_baseline
from vigil.verify.verify import PATIENCE_S, improved, verify

LEASE_MARGIN_S = 60.0
"""How much longer than the actions' own limits a lock is held for running them."""
OUTPUT_LINES = 200
"""How many lines of one action's output the timeline keeps."""

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
        step = Progress(incident, attempt, self._parts.journal, self._parts.senses.clock)
        if step.stale or incident.stage not in BELONGS_TO[segment]:
            return
        tell = {
            Segment.ORIENT: self.orient,
            Segment.DECIDE: self.decide,
            Segment.ACT: self.act,
            Segment.CLOSE: self.close,
        }[segment]
        try:
            await tell(step)
        except MovedOn:
            return
        except TemporaryError:
            raise
        except Exception as error:  # noqa: BLE001 - the one catch-all: a person is told
            await self.give_up(incident_id, error)

    # --- orient -----------------------------------------------------------------------------

    async def orient(self, step: Progress) -> None:
        """Is it true? What could it be? Do we know this?"""
        scene = self._scene(step.incident)
        investigation = await step.stage(
            Stage.INVESTIGATING, Investigation, lambda: investigate(scene), tell_investigation
        )

        async def rank() -> Ranking:
            return hypothesize(step.incident.service, investigation)

        ranking = await step.stage(Stage.HYPOTHESIS_RECEIVED, Ranking, rank, tell_ranking)
        early = resolve.false_alarm(investigation, ranking) or escalate.nothing_to_check(
            investigation
        )
        if early is not None:
            return await step.end(early)
        await step.stage(
            Stage.CONTEXT_RETRIEVED,
            Recollection,
            lambda: recall(scene, ranking, self._parts.memory),
            tell_recollection,
        )
        return await step.hand_over(Segment.DECIDE)

    # --- decide -----------------------------------------------------------------------------

    async def decide(self, step: Progress) -> None:
        """What shall be done, what would it do, and may it be done unasked?"""
        undo = await step.recall(Stage.SYNTHESIZING, Plan, "rollback")
        if undo is not None:
            return await self._judge(step, undo, await self._verdict_on_rollback(step, undo))
        briefing = await self._briefing(step)
        synthesis = await step.stage(
            Stage.SYNTHESIZING,
            Synthesis,
            lambda: synthesize(briefing, self._parts.catalogue, self._parts.reasoner),
            lambda made: tell_plan(made.plan) if made.plan else [],
        )
        if synthesis.plan is None:
            known = Investigation(evidence=briefing.evidence)
            ranking = Ranking(hypotheses=briefing.hypotheses)
            return await step.end(escalate.no_plan(synthesis.reasons, ranking, known))
        return await self._judge(
            step, synthesis.plan, await self._verdict_on(synthesis.plan, briefing)
        )

    async def _judge(self, step: Progress, plan: Plan, verdict: Verdict) -> None:
        """Go on, ask a person, or stop, as the gate says."""

        async def judged() -> Verdict:
            return verdict

        verdict = await step.recorded(Verdict, judged, tell_verdict, "verdict")
        if verdict.decision is Decision.ALLOW:
            return await step.hand_over(Segment.ACT, plan_digest=plan.digest)
        if verdict.decision is Decision.ASK:
            return await self._ask(step, plan)
        return await step.end(await self._refused(step, plan, verdict))

    async def _refused(self, step: Progress, plan: Plan, verdict: Verdict) -> Ending:
        """The gate's no; to an undo it comes when something has been done, and that is said."""
        before = step.attempt - 1
        remedy = await step.recall(Stage.SYNTHESIZING, Synthesis, attempt=before)
        execution = await step.recall(Stage.EXECUTING, Execution, attempt=before)
        proof = await step.recall(Stage.VERIFYING, Proof, attempt=before)
        if remedy is None or remedy.plan is None or execution is None or proof is None:
            return escalate.denied(plan, verdict)
        held = f"It is still in place: the gate said no to its undo: {'; '.join(verdict.rules)}."
        return escalate.not_proven(remedy.plan, proof, execution, held)

    async def _ask(self, step: Progress, plan: Plan) -> None:
        """Wait for a person, unless a former run of this segment began to, or was answered."""
        if step.incident.waiting_on is WaitingOn.APPROVAL:
            return
        if await self._parts.journal.approval(step.incident.id, plan.digest) is None:
            await step.wait_for_approval(plan.digest)

    async def _verdict_on(self, plan: Plan, briefing: Briefing) -> Verdict:
        match = next((m for m in briefing.matches if m.runbook.id == plan.runbook), None)
        likelihood = briefing.hypotheses[0].likelihood
        facts = Facts(
            service=briefing.service,
            confidence=confidence(likelihood, match.record) if match else 0,
            match=match,
            stopped=self._parts.switch.read().stopped,
            executed_last_hour=await self._executed_last_hour(),
        )
        return judge(plan, self._parts.policy, facts)

    async def _verdict_on_rollback(self, step: Progress, undo: Plan) -> Verdict:
        before = await step.recall(Stage.SYNTHESIZING, Synthesis, attempt=step.attempt - 1)
        facts = Facts(
            service=self._parts.catalogue.services[undo.service],
            confidence=0,
            match=None,
            stopped=self._parts.switch.read().stopped,
            executed_last_hour=await self._executed_last_hour(),
            judged=before.plan if before else None,
        )
        return judge(undo, self._parts.policy, facts)

    # --- act --------------------------------------------------------------------------------

    async def act(self, step: Progress) -> None:
        """Do it under locks, and prove from the user's side that it helped."""
        plan, approved_digest = await self._judged_plan(step)
        owner = step.incident.id
        fences = await self._lock(plan, owner, lease_seconds(plan, LEASE_MARGIN_S))
        if step.incident.stage is Stage.SYNTHESIZING:
            await step.enter(Stage.EXECUTING)
        baseline = await step.recall(Stage.EXECUTING, Baseline, "baseline")
        if baseline is None:
            baseline = await self._look_before(step, plan)
        if plan.kind is PlanKind.REMEDY and not baseline.still_failing(plan.proving):
            await self._parts.locks.release(owner)
            return await step.end(escalate.gone(plan))
        permit = Permit(
            approved_digest=approved_digest,
            fences=fences,
            lease_until=lease_end(
                self._parts.senses.clock.now(), lease_seconds(plan, LEASE_MARGIN_S)
            ),
        )
        execution = await step.stage(
            Stage.EXECUTING, Execution, lambda: self._execute(step, plan, permit), tell_execution
        )
        await self._lock(plan, owner, PATIENCE_S + LEASE_MARGIN_S)
        proof = await step.stage(
            Stage.VERIFYING,
            Proof,
            lambda: self._verify(plan, execution, baseline),
            tell_proof,
        )
        await self._parts.locks.release(owner)
        return await self._after(step, plan, execution, proof)

    async def _look_before(self, step: Progress, plan: Plan) -> Baseline:
        return await step.recorded(
            Baseline,
            lambda: take_baseline(plan, self._parts.catalogue, self._parts.senses.probes),
            tell_baseline,
            "baseline",
        )

    async def _after(self, step: Progress, plan: Plan, execution: Execution, proof: Proof) -> None:
        """Proven, undone, held for a person, or already an undo: one of four ends."""
        if plan.kind is PlanKind.ROLLBACK:
            remedy = await step.recall(Stage.SYNTHESIZING, Synthesis, attempt=step.attempt - 1)
            tried = remedy.plan if remedy and remedy.plan else plan
            first = await step.recall(Stage.VERIFYING, Proof, attempt=step.attempt - 1)
            undone = (
                "What was done has been undone."
                if execution.succeeded
                else "The undo did not run to its end; see the timeline for what is in place."
            )
            return await step.end(escalate.not_proven(tried, first or proof, execution, undone))
        if proof.outcome is Outcome.VERIFIED:
            return await step.end(resolve.verified(plan, proof))
        undo = rollback(plan, execution)
        worth_it = proof.outcome is Outcome.REGRESSED or (
            proof.outcome is Outcome.NOT_FIXED and not improved(proof)
        )
        if undo is None or not worth_it:
            held = "It was left as it is, because undoing it might be worse than now."
            held = held if undo else "There is nothing to undo."
            return await step.end(escalate.not_proven(plan, proof, execution, held))
        return await step.start_again(Stage.SYNTHESIZING, "rollback", undo, tell_plan(undo))

    async def _execute(self, step: Progress, plan: Plan, permit: Permit) -> Execution:
        lines = 0

        async def on_line(action: str, line: str) -> None:
            nonlocal lines
            lines += 1
            if lines <= OUTPUT_LINES:
                await step.append(
                    Note(kind="action_output", payload={"action": action, "line": line})
                )

        return await execute(
            plan,
            permit,
            sandbox=self._parts.sandbox,
            switch=self._parts.switch,
            on_line=on_line,
        )

    async def _verify(self, plan: Plan, execution: Execution, baseline: Baseline) -> Proof:
        return await verify(
            plan,
            execution,
            baseline,
            catalogue=self._parts.catalogue,
            probes=self._parts.senses.probes,
            clock=self._parts.senses.clock,
        )

    async def _judged_plan(self, step: Progress) -> tuple[Plan, str]:
        """The plan, and the digest that the gate or a person named; never one without the other."""
        undo = await step.recall(Stage.SYNTHESIZING, Plan, "rollback")
        synthesis = await step.recall(Stage.SYNTHESIZING, Synthesis)
        verdict = await step.recall(Stage.SYNTHESIZING, Verdict, "verdict")
        plan = undo or (synthesis.plan if synthesis else None)
        if plan is None or verdict is None:
            raise VigilError(f"incident {step.incident.id} has no judged plan to execute")
        if verdict.decision is Decision.ALLOW:
            return plan, verdict.plan_digest
        approval = await self._parts.journal.approval(step.incident.id, plan.digest)
        if approval is None or approval.answer is not Answer.APPROVED:
            raise VigilError(f"nobody approved plan {plan.digest} of incident {step.incident.id}")
        return plan, approval.plan_digest

    async def _lock(self, plan: Plan, owner: str, lease_s: float) -> tuple[Fence, ...]:
        now = self._parts.senses.clock.now()
        return await self._parts.locks.take(locked_set(plan), owner, now, lease_s)

    # --- close ------------------------------------------------------------------------------

    async def close(self, step: Progress) -> None:
        """Say how it ended and keep the lesson."""
        ending = await step.recall(step.incident.stage, Ending, "ending")
        if ending is None:
            digest = step.incident.plan_digest or ""
            ending = escalate.rejected(await self._parts.journal.approval(step.incident.id, digest))
        await self._learn(step)
        await step.close(Stage.RESOLVED if ending.resolved else Stage.ESCALATED, ending)

    async def _learn(self, step: Progress) -> None:
        """A lesson for each attempt that was a remedy, was executed and was verified or not."""
        for attempt in range(1, step.attempt + 1):
            synthesis = await step.recall(Stage.SYNTHESIZING, Synthesis, attempt=attempt)
            proof = await step.recall(Stage.VERIFYING, Proof, attempt=attempt)
            if synthesis and synthesis.plan and proof:
                now = self._parts.senses.clock.now()
                lesson = lesson_of(
                    step.incident, synthesis.plan, proof.outcome, self._parts.catalogue, now
                )
                await self._parts.memory.learn(lesson, attempt)

    async def give_up(self, incident_id: str, error: Exception) -> None:
        """Vigil failed on this incident: give back its locks and tell a person."""
        incident = await self._parts.journal.incident(incident_id)
        if incident.closed_at is not None:
            return
        await self._parts.locks.release(incident_id)
        text = str(error) if isinstance(error, VigilError) else type(error).__name__
        # "Not executed" would be a claim that nobody can make any more from here on.
        started = incident.attempt > 1 or incident.stage in {Stage.EXECUTING, Stage.VERIFYING}
        step = Progress(incident, incident.attempt, self._parts.journal, self._parts.senses.clock)
        await step.close(Stage.ESCALATED, escalate.gave_up(text, started=started))

    # --- what the segments share ------------------------------------------------------------

    def _scene(self, incident: Incident) -> Scene:
        return Scene(incident, self._parts.catalogue, self._parts.senses)

    async def _briefing(self, step: Progress) -> Briefing:
        """What orient left on record, for the reasoner."""
        investigation = await step.recall(Stage.INVESTIGATING, Investigation)
        ranking = await step.recall(Stage.HYPOTHESIS_RECEIVED, Ranking)
        recollection = await step.recall(Stage.CONTEXT_RETRIEVED, Recollection)
        if investigation is None or ranking is None or recollection is None:
            raise VigilError(f"incident {step.incident.id} was not oriented before deciding")
        return Briefing(
            incident=step.incident,
            service=self._parts.catalogue.services[step.incident.service],
            hypotheses=ranking.hypotheses,
            evidence=investigation.evidence,
            matches=recollection.matches,
        )

    async def _executed_last_hour(self) -> int:
        now = self._parts.senses.clock.now()
        return await self._parts.journal.executions_since(lease_end(now, -3600.0))
