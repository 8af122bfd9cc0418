"""A run order that was checked: what the broker may do for it, computed here and not believed."""

from collections.abc import Callable

from vigil.domain.catalogue import Catalogue, Service
from vigil.domain.effects import Effects
from vigil.domain.errors import NotFound, PlanMismatch
from vigil.domain.plan import Action
from vigil.domain.run import RunOrder
from vigil.domain.value import Value
from vigil.runner.lease import TimeLeft

Analyse = Callable[[str], Effects]


class CheckedOrder(Value):
    """An order whose plan is the one that was judged, with what its action contains."""

    order: RunOrder
    digest: str
    action: Action
    effects: Effects
    service: Service
    time_left: TimeLeft

    @property
    def seconds_left(self) -> float:
        """How long the lease still covers what is done."""
        return self.time_left.seconds

    @property
    def unfenced(self) -> list[str]:
        """What the action touches without a lock of the worker."""
        held = {fence.resource for fence in self.order.lease.fences}
        needed = {f"{self.order.plan.service}/{r}" for r in self.effects.resources}
        return sorted(needed - held)


def checked(order: RunOrder, catalogue: Catalogue, analyse: Analyse) -> CheckedOrder:
    """Check what does not depend on the moment, and begin to count the lease down.

    :raises PlanMismatch: this is not the plan, or the plan does not say what its script does.
    :raises NotFound: the runner's catalogue does not have the service.
    """
    time_left = TimeLeft.of(order.lease)
    digest = order.plan.digest
    if digest != order.approved_digest:
        raise PlanMismatch(
            f"the plan of incident {order.plan.incident} has the digest {digest}, and "
            f"{order.approved_digest} was approved: nothing was run; have this plan judged"
        )
    action = next((a for a in order.plan.actions if a.id == order.action), None)
    if action is None:
        raise PlanMismatch(f"the plan {digest} has no action '{order.action}'")
    effects = analyse(action.script)
    if effects.calls != action.effects.calls:
        raise PlanMismatch(
            f"the plan {digest} was judged with other calls than its action '{action.id}' "
            "contains: worker and runner have to be of the same version"
        )
    service = catalogue.services.get(order.plan.service)
    if service is None:
        known = ", ".join(catalogue.services) or "none"
        raise NotFound(
            f"the runner's catalogue has no service '{order.plan.service}' (it has: {known}); "
            "start the runner with the worker's vigil.yaml"
        )
    return CheckedOrder(
        order=order,
        digest=digest,
        action=action,
        effects=effects,
        service=service,
        time_left=time_left,
    )
