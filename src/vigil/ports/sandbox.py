"""Run one action, limited, recorded, destroyed."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from vigil.domain.foreseen import Foreseen
from vigil.domain.plan import ActionResult, Plan
from vigil.domain.run import Health, RunOrder

OnOutput = Callable[[str], Awaitable[None]]
"""Is given each line that the script prints and each call that the broker logs, as it happens."""


class Sandbox(Protocol):
    """Where scripts run.

    1. A script runs with an empty environment, no network, a read-only system and limits of time,
       memory, processes and output; nothing of it is left when ``run`` returns.
    2. Its only door is the broker; a call that is not in the plan, or whose grant, parameters,
       fencing token or stop switch do not allow it, is refused, logged, and fails the script. A
       run that comes with a token that was overtaken is not begun: ``LockHeld``.
    3. The same ``run_key`` never causes the same effect twice, also across kill -9 of any part.
       A run whose end is on record is answered from the record.
    4. A plan whose digest is not ``approved_digest`` is refused with ``PlanMismatch``.
    5. Without a sandbox that is safe nothing runs: ``SandboxUnavailable``. A runner that does not
       answer is ``PortUnavailable``, and the run may be asked for again under the same key.
    6. An order that is ``only_if_known`` begins nothing, and needs no sandbox to be answered. What
       ended or is under way is answered with its end; what was cut off with calls begun is
       ``UNCERTAIN``; of anything else no call was ever begun: ``NOT_BEGUN``. The answer is on
       record as the end, so nothing is begun after it, whoever asks under that key.
    7. The client's going away ends no run. By the end of its lease nothing more is begun for it,
       whoever still waits for it.
    8. A dry run changes nothing and leaves nothing on record: each call's verb says what it would
       do now, or why it would be refused. It has a deadline; what there was no time for is told.
    """

    async def run(self, order: RunOrder, on_output: OnOutput) -> ActionResult:
        """Run one action to its end."""
        ...

    async def dry_run(self, plan: Plan) -> tuple[Foreseen, ...]:
        """What each call of a plan would do, in its order."""
        ...

    async def health(self) -> Health:
        """Whether a safe sandbox can be made here now."""
        ...
