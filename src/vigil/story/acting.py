"""One plan, carried out under the locks of its incident, and proven while they still are held.

What is on record as begun is carried through, whoever takes over. What is not is asked for anew and
looked at anew: however long a crash or a wait lasted, nothing is begun on an old word or an old
look.
"""

from collections.abc import Sequence
from datetime import timedelta

from vigil.act.execute import Permit, Word, execute, locked_set
from vigil.close import escalate
from vigil.domain.ending import Ending
from vigil.domain.errors import LockHeld
from vigil.domain.incident import Stage
from vigil.domain.plan import Action, Execution, Plan, PlanKind
from vigil.domain.proof import Proof
from vigil.domain.run import Lease
from vigil.domain.verdict import Cancellation
from vigil.ports.journal import Note
from vigil.ports.workers import LEASE_S
from vigil.story import still_right, within_limits
from vigil.story.parts import Parts
from vigil.story.private import stood_for
from vigil.story.progress import Progress
from vigil.story.recorded import Tried
from vigil.story.sent_out import bearing_of
from vigil.story.still_right import Judged
from vigil.story.telling import tell_baseline, tell_execution, tell_proof
from vigil.verify.baseline import Baseline, changed, take_baseline
from vigil.verify.undone import verify_undo
from vigil.verify.verify import verify

BEYOND_LIMIT_S = 60.0
"""How much longer than an action's own limit its lease is."""
TRIES = 5
"""How often a plan is judged before it is left to a person: each time others, begun meanwhile, have
changed the gate's word, as they do once for each limit that they use up."""
OUTPUT_LINES = 200
"""How many lines of a plan's output the timeline keeps."""


class Acting:
    """One run of the segment that acts on one incident."""

    def __init__(self, parts: Parts, progress: Progress, plan: Plan) -> None:
        self._parts = parts
        self._progress = progress
        self._plan = plan
        self._told_lines = 0
        self._was_begun = False
        """By a former run."""

    async def carry_out(self) -> Tried | None:
        """Do it and prove it; None when it ended, or has to wait, before anything was begun."""
        progress, plan = self._progress, self._plan
        baseline = await progress.recorded.baseline()
        self._was_begun = baseline is not None
        if baseline is None and await progress.recorded.execution() is not None:
            baseline = Baseline(results=())  # Nothing was begun, so there is nothing to compare.
        if baseline is None and (baseline := await self._prepare()) is None:
            return None
        approved_digest = await progress.recorded.approved_digest(plan)
        execution = await progress.stage(
            Stage.EXECUTING,
            Execution,
            lambda: self._execute(Permit(approved_digest, self._hold), baseline),
            tell_execution,
        )
        await self._lock()
        proof = await progress.stage(
            Stage.VERIFYING, Proof, lambda: self._verify(execution, baseline), tell_proof
        )
        return Tried(plan, execution, proof)

    async def _prepare(self) -> Baseline | None:
        """How everything looks right before; None when it is not to be begun, or not yet.

        It goes on record with the first action that is begun. After a crash before that all of this
        is done anew.
        """
        if not await self._is_counted_in():
            return None
        baseline = await self._take_baseline()
        if self._plan.kind is PlanKind.REMEDY:
            then = await self._progress.recorded.when_asked()
            if against := _in_vain(self._plan, baseline, then):
                await self._end(against, tell_baseline(baseline))
                return None
        return baseline

    async def _is_counted_in(self) -> bool:
        """Whether it is in EXECUTING, after all that others have begun; otherwise it ends or waits.

        Where they have changed the gate's word since it was asked, everything is asked anew.
        """
        for _ in range(TRIES):
            judged = await self._may_begin()
            if judged is None:
                return False
            if await within_limits.enter(self._parts, self._progress, self._plan, judged):
                return True
        await self._end(escalate.crowded_out(self._plan))
        return False

    async def _may_begin(self) -> Judged | None:
        """By which word; None when it is not right any more, and ends, or others are at work there.

        Then it waits. What waits is rows, and is asked all of this anew when its turn has come.
        """
        parts, progress, plan = self._parts, self._progress, self._plan
        judged = await still_right.ask_the_gate(parts, progress, plan)
        objection = await still_right.objection(parts, progress, plan, judged.verdict)
        if objection is not None:
            await self._end(objection)
            return None
        try:
            await self._lock()
        except LockHeld as busy:
            if not busy.held:
                raise  # By a worker that acted for this very incident, and may be dead.
            await self._progress.wait_for_locks(busy)
            return None
        return judged

    async def _end(self, ending: Ending, notes: Sequence[Note] = ()) -> None:
        """Before anything was begun; nothing is held for it any more, whoever closes it."""
        await self._parts.locks.let_go(self._plan.incident, self._parts.worker)
        await self._progress.end(ending, notes)

    async def _execute(self, permit: Permit, baseline: Baseline) -> Execution:
        return await execute(
            self._plan,
            permit,
            sandbox=self._parts.sandbox,
            begin=lambda action: self._begin(action, baseline),
            on_line=self._tell_line,
        )

    async def _begin(self, action: Action, baseline: Baseline) -> Word:
        """That an action is begun stands on record before it is asked for.

        What speaks against it now stops also one that stands there already, if the runner was never
        asked for it. Versions before this one began without writing it down: where anything was
        begun before, the runner is asked too.
        """
        on_record = await self._progress.recorded.begun(action.id)
        against = await self._against()
        private = await stood_for(self._parts, self._plan, action)
        if isinstance(private, str):
            against, private = against or private, {}
        if against is None and not on_record:
            notes = tell_baseline(baseline)
            if not await self._progress.begin(action.id, baseline, notes):
                against = _called_off(await self._progress.recorded.cancellation())
        return Word(against, on_record or self._was_begun, private if against is None else {})

    async def _against(self) -> str | None:
        """Why nothing more may be begun now, as a sentence."""
        switch = self._parts.switch.read()
        if switch.stopped:
            return f"The stop switch is on ({switch.text or 'no reason given'})."
        cancelled = await self._progress.recorded.cancellation()
        if cancelled is not None:
            return _called_off(cancelled)
        return await still_right.word_against(self._parts, self._progress, self._plan)

    async def _tell_line(self, action: str, line: str) -> None:
        self._told_lines += 1
        if self._told_lines <= OUTPUT_LINES:
            note = Note(kind="action_output", payload={"action": action, "line": line})
            await self._progress.append(note)

    async def _take_baseline(self) -> Baseline:
        opened_at = self._progress.incident.opened_at
        return await take_baseline(self._plan, self._parts.eyes, opened_at)

    async def _verify(self, execution: Execution, baseline: Baseline) -> Proof:
        if self._plan.kind is PlanKind.REMEDY:
            bearing = bearing_of(self._parts, self._progress, self._plan)
            return await verify(self._plan, execution, baseline, self._parts.eyes, bearing)
        before = await self._progress.recorded.before_the_remedy() or baseline
        return await verify_undo(self._plan, execution, before, self._parts.eyes)

    async def _lock(self, seconds: float = LEASE_S) -> Lease:
        """Take the locks, or take them once more; while this worker lives its keeper renews them.

        Others get them when they are released and not before. The lease is what this worker may
        count on: after it, another one may go on with this very plan.
        """
        now = self._parts.senses.clock.now()
        wanted, worker = locked_set(self._plan, self._parts.catalogue), self._parts.worker
        fences = await self._parts.locks.take(wanted, self._plan.incident, worker, now, seconds)
        return Lease(fences=fences, until=now + timedelta(seconds=seconds), seconds=seconds)

    async def _hold(self, action: Action) -> Lease:
        """The runner is not told of renewals: what it is given must last for the whole action."""
        return await self._lock(action.timeout_s + BEYOND_LIMIT_S)


def _called_off(cancelled: Cancellation | None) -> str:
    return f"Nothing more was begun: {cancelled}."


def _in_vain(plan: Plan, baseline: Baseline, then: Baseline | None) -> Ending | None:
    """Why a remedy is not begun after all: nothing could prove it, nothing is left to cure, or the
    world is another than the one that a person was shown.
    """
    unseen = baseline.unseen(plan.proving)
    if unseen:
        return escalate.unprovable(plan, unseen)
    if not baseline.still_failing(plan.proving):
        return escalate.gone(plan)
    worse = changed(plan, then, baseline) if then else None
    return escalate.worse_meanwhile(plan, worse) if worse else None
