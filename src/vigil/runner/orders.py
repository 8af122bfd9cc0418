"""A run order that was checked: what the broker may do for it, computed here and not believed."""

from collections.abc import Callable
from itertools import chain

from vigil.domain.catalogue import Catalogue, Service
from vigil.domain.effects import Effects
from vigil.domain.errors import NotFound, PlanMismatch
from vigil.domain.grant import targets_of
from vigil.domain.plan import Action
from vigil.domain.private import outside
from vigil.domain.raw_grant import RawGrant
from vigil.domain.run import RunOrder
from vigil.domain.value import Value
from vigil.guard import with_raw
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
    def raw(self) -> dict[str, RawGrant]:
        """The raw grants that its script holds."""
        return {name: self.service.raw_grants[name] for name in self.action.raw}

    @property
    def unfenced(self) -> list[str]:
        """What the action touches without a lock of the worker.

        By the service's name for it, and by the target's own, as this catalogue has it: where two
        services grant the same thing, the second is what keeps them apart.
        """
        held = {fence.resource for fence in self.order.lease.fences}
        needed = {f"{self.order.plan.service}/{r}" for r in self.effects.resources}
        return [*sorted(needed - held), *sorted(self._targets - held)]

    @property
    def _targets(self) -> set[str]:
        grants = self.service.grants
        called = (
            targets_of(grants[call.grant], call.arguments)
            for call in self.effects.calls
            if call.grant in grants
        )
        return {*chain(*called), *(grant.target for grant in self.raw.values())}


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
    effects = with_raw(analyse(action.script), action.raw)
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
    if missing := [name for name in action.raw if name not in service.raw_grants]:
        raise PlanMismatch(
            f"the runner's catalogue has no raw grant '{missing[0]}' for '{order.plan.service}': "
            "start the runner with the worker's vigil.yaml"
        )
    _check_private(order, action, service)
    return CheckedOrder(
        order=order,
        digest=digest,
        action=action,
        effects=effects,
        service=service,
        time_left=time_left,
    )


def _check_private(order: RunOrder, action: Action, service: Service) -> None:
    """No other values than the judged script reads, and of no kind that is not granted here."""
    if order.only_if_known and not order.private:
        return
    if set(order.private) != set(action.private):
        raise PlanMismatch(
            f"action '{action.id}' reads {', '.join(action.private) or 'no private value'}, and "
            "the order brings others: nothing was run"
        )
    kinds = [kind for name in action.raw for kind in service.raw_grants[name].private]
    if unknown := outside(action.private, kinds):
        raise PlanMismatch(
            f"the runner's catalogue grants nothing of the kind of {', '.join(unknown)} to action "
            f"'{action.id}': start the runner with the worker's vigil.yaml"
        )
