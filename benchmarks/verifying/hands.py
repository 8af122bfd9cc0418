"""Hands that do to the shop what a scenario says, in place of what the plan says.

This is no sandbox: it fulfils the port for this benchmark alone, to see what Vigil makes of
remedies that are worse than any of its runbooks. All that looks is the product's.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from vigil.domain.foreseen import Foreseen
from vigil.domain.plan import ActionResult, ActionStatus, Plan, PlanKind
from vigil.domain.run import Health, RunOrder
from vigil.ports.sandbox import OnOutput

Deed = Callable[[], None]


@dataclass
class OtherHands:
    """One remedy, and the undo of it; each is done once, whatever is asked for again."""

    remedy: Deed
    undo: Deed
    undo_fails: bool = False
    _ends: dict[str, ActionResult] = field(default_factory=dict)

    async def run(self, order: RunOrder, on_output: OnOutput) -> ActionResult:
        """Do the scenario's deed."""
        if order.run_key not in self._ends:
            undoing = order.plan.kind is PlanKind.ROLLBACK
            status = ActionStatus.SUCCEEDED
            if undoing and self.undo_fails:
                status = ActionStatus.FAILED
            else:
                await asyncio.to_thread(self.undo if undoing else self.remedy)
            self._ends[order.run_key] = ActionResult(
                action=order.action, status=status, exit_code=int(status != "succeeded"), seconds=1
            )
        await on_output("done by the benchmark")
        return self._ends[order.run_key]

    async def dry_run(self, plan: Plan) -> tuple[Foreseen, ...]:  # noqa: ARG002 - the port's
        """Nobody is asked here."""
        return ()

    async def health(self) -> Health:
        """Always."""
        return Health(part="sandbox", ok=True, text="the benchmark's hands")
