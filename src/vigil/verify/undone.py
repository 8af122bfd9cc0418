"""Whether an undo has brought back what was there before the remedy.

The trouble itself is still there, and nobody expects anything else: what passed before the remedy
has to pass again, and what the remedy took away has to be back.
"""

from vigil.domain.plan import Execution, Plan
from vigil.domain.probe import ProbeRef, ProbeResult
from vigil.domain.proof import Criterion, Ground, Outcome, ProbeChange, Proof
from vigil.verify.baseline import Baseline, look, quick_ones
from vigil.verify.counting import Counting
from vigil.verify.eyes import Eyes
from vigil.verify.grounds import cut_short
from vigil.verify.neighbours import WELL
from vigil.verify.starting import Starting

INTERVAL_S = 2.0


async def verify_undo(plan: Plan, execution: Execution, before: Baseline, eyes: Eyes) -> Proof:
    """Look until everything is as before the remedy, or patience ends.

    ``before`` is the remedy's baseline, not one that was taken when it had made things worse.
    """
    starting = Starting(plan, eyes.catalogue)  # An undo restarts things, too.
    undone = _Undone(plan, execution, before, eyes, starting)
    if not execution.results:
        text = execution.refused or "No action was started."
        return undone.proof(Outcome.NOT_EXECUTED, text)
    until = eyes.clock.elapsed() + starting.patience_s
    while eyes.clock.elapsed() < until:
        if await undone.as_before() and execution.succeeded:
            return undone.proof(Outcome.VERIFIED, undone.text)
        await eyes.clock.sleep(INTERVAL_S)
    return undone.proof(Outcome.NOT_FIXED, cut_short(execution) + undone.text)


class _Undone:
    """The looks after an undo, beside those before the remedy."""

    def __init__(
        self, plan: Plan, execution: Execution, before: Baseline, eyes: Eyes, starting: Starting
    ) -> None:
        self._plan = plan
        self._execution = execution
        self._before = before
        self._eyes = eyes
        self._refs = quick_ones(plan, eyes.catalogue)
        self._rows: list[Baseline] = []
        self._counting = Counting(plan, before.inventory, starting, eyes.clock.elapsed())

    async def as_before(self) -> bool:
        """One more look at everything."""
        self._rows.append(await look(self._refs, self._eyes))
        await self._counting.again(self._eyes)
        return not self._missing and self._counting.whole

    @property
    def text(self) -> str:
        """What is as before and what is not, in sentences."""
        return f"{self._probes.text} {self._counting.text}"

    def proof(self, outcome: Outcome, text: str) -> Proof:
        """What was seen so far, as a proof of this outcome."""
        inventory = Ground(
            criterion=Criterion.INVENTORY, met=self._counting.whole, text=self._counting.text
        )
        return Proof(
            outcome=outcome,
            text=text,
            grounds=(self._probes, inventory) if self._rows else (),
            lost=self._counting.missing,
            counted=self._counting.counted,
            probes=tuple(
                ProbeChange(
                    ref=ref,
                    proves=ref in self._plan.proving,
                    before=self._before.of(ref),
                    again=self._before.looks_at(ref)[1:],
                    after=tuple(self._since(ref)),
                )
                for ref in self._refs
            ),
            interrupted=self._execution.interrupted,
            decided_at=self._eyes.clock.now(),
        )

    @property
    def _probes(self) -> Ground:
        missing = self._missing
        text = "Everything that passed before the remedy passes again."
        if missing:
            names = ", ".join(map(str, missing))
            text = f"These passed before the remedy and do not pass again yet: {names}."
        return Ground(criterion=Criterion.NEIGHBOURS, met=not missing, text=text)

    @property
    def _missing(self) -> tuple[ProbeRef, ...]:
        """Those that passed at every look before the remedy, and not often enough since."""
        return tuple(
            ref
            for ref in self._refs
            if all(seen.passes for seen in self._before.looks_at(ref))
            and sum(seen.passes for seen in self._since(ref)[-WELL:]) < WELL
        )

    def _since(self, ref: ProbeRef) -> list[ProbeResult]:
        return [seen for row in self._rows if (seen := row.of(ref)) is not None]
