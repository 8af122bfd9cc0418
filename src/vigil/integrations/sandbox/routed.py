"""Each service's plans are run by the runner that the catalogue names for it."""

from collections.abc import Mapping

from vigil.domain.foreseen import Foreseen
from vigil.domain.plan import ActionResult, Plan
from vigil.domain.run import Health, RunOrder
from vigil.ports.sandbox import OnOutput, Sandbox


class RoutedSandbox:
    """The runner on this machine, unless the service says another one.

    ``runner_of`` says the runner of each service, None for the one here; each of the others is in
    ``far``.
    """

    def __init__(
        self, here: Sandbox, far: Mapping[str, Sandbox], runner_of: Mapping[str, str | None]
    ) -> None:
        self._here = here
        self._far = far
        self._runner_of = runner_of

    async def run(self, order: RunOrder, on_output: OnOutput) -> ActionResult:
        """See the port."""
        return await self._runner(order.plan).run(order, on_output)

    def _runner(self, plan: Plan) -> Sandbox:
        name = self._runner_of.get(plan.service)
        return self._here if name is None else self._far[name]

    async def dry_run(self, plan: Plan) -> tuple[Foreseen, ...]:
        """See the port."""
        return await self._runner(plan).dry_run(plan)

    async def health(self) -> Health:
        """Of the runner here, which may be nobody's; the others are asked one by one."""
        health = await self._here.health()
        needed = None in self._runner_of.values()
        return health.model_copy(update={"vital": health.vital and needed})
