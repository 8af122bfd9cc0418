"""Each plan is run by the runner that it was made for, as long as that is still its service's."""

from collections.abc import Mapping

from vigil.domain.errors import NotFound, PermanentError
from vigil.domain.foreseen import Foreseen
from vigil.domain.plan import ActionResult, Plan
from vigil.domain.run import Health, RunOrder
from vigil.ports.sandbox import OnOutput, Sandbox


class RoutedSandbox:
    """The runner on this machine, unless the plan says another one.

    ``runner_of`` says the runner of each service by the catalogue, None for the one here; each of
    the others is in ``far``. Where plan and catalogue differ nobody is asked: what one runner has
    begun another one knows nothing of, and what was approved was approved for one machine.
    """

    def __init__(
        self, here: Sandbox, far: Mapping[str, Sandbox], runner_of: Mapping[str, str | None]
    ) -> None:
        self._here = here
        self._far = far
        self._runner_of = runner_of

    async def run(self, order: RunOrder, on_output: OnOutput) -> ActionResult:
        """See the port.

        :raises PermanentError: the service has another runner by now.
        :raises NotFound: there is no such service any more.
        """
        return await self._runner(order.plan).run(order, on_output)

    def _runner(self, plan: Plan) -> Sandbox:
        service, name = plan.service, plan.runner
        if service not in self._runner_of:
            raise NotFound(
                f"the catalogue has no service '{service}' any more: nobody was asked to run its "
                f"plan, and what was begun before only {_told(name)} knows"
            )
        now = self._runner_of[service]
        if now != name:
            raise PermanentError(
                f"the plan was made for {_told(name)}, and '{service}' is {_told(now)}'s by now: "
                f"nobody was asked to run it. What was begun before only {_told(name)} knows: look "
                "there, or give the service its former runner back"
            )
        return self._here if name is None else self._far[name]

    async def dry_run(self, plan: Plan) -> tuple[Foreseen, ...]:
        """See the port."""
        return await self._runner(plan).dry_run(plan)

    async def health(self) -> Health:
        """Of the runner here, which may be nobody's; the others are asked one by one."""
        health = await self._here.health()
        needed = None in self._runner_of.values() or not self._runner_of
        return health.model_copy(update={"vital": health.vital and needed})


def _told(runner: str | None) -> str:
    return "this machine's own runner" if runner is None else f"the runner '{runner}'"
