"""EXECUTING: under locks, one action after the other up to the first surprise."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import chain

from vigil.domain.catalogue import Catalogue
from vigil.domain.errors import SandboxUnavailable
from vigil.domain.grant import targets_of
from vigil.domain.plan import Action, ActionResult, ActionStatus, Execution, Plan
from vigil.domain.run import Lease, RunOrder
from vigil.domain.shown import shown
from vigil.ports.sandbox import Sandbox

OnLine = Callable[[str, str], Awaitable[None]]
"""(action id, one line of output or one logged call)."""


@dataclass(frozen=True)
class Word:
    """Whether an action may be begun now."""

    against: str | None = None
    """Why not, as a sentence."""
    perhaps_begun: bool = False
    """It may have been asked for before, and only the runner knows."""
    private: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What the tokens that it reads stand for."""


Begin = Callable[[Action], Awaitable[Word]]
"""The last word before an action is asked for; with nothing against it, it is on record as begun.
"""


@dataclass(frozen=True)
class Permit:
    """What allows a plan to run now: the digest that was judged, and the locks it needs."""

    approved_digest: str
    hold: Callable[[Action], Awaitable[Lease]]
    """Takes the locks once more right before an action, on a lease that covers its limit."""


def locked_set(plan: Plan, catalogue: Catalogue) -> tuple[str, ...]:
    """Everything a plan touches and its proof looks at, sorted.

    What is touched is there by its service's name for it, which the broker asks for, and by the
    target's own, as two services may grant the same process.
    """
    touched = {f"{plan.service}/{resource}" for resource in plan.resources}
    looked_at = {f"service:{ref.service}" for ref in (*plan.proving, *plan.neighbours)}
    targets = _targets(plan, catalogue)
    return tuple(sorted(touched | targets | looked_at | {f"service:{plan.service}"}))


def _targets(plan: Plan, catalogue: Catalogue) -> set[str]:
    service = catalogue.services[plan.service]
    grants, raw = service.grants, service.raw_grants
    calls = (call for action in plan.actions for call in action.effects.calls)
    called = [targets_of(grants[c.grant], c.arguments) for c in calls if c.grant in grants]
    named = {name for action in plan.actions for name in action.raw}
    return {*chain(*called), *(raw[name].target for name in named if name in raw)}


async def execute(
    plan: Plan, permit: Permit, *, sandbox: Sandbox, begin: Begin, on_line: OnLine
) -> Execution:
    """Run every action; the first that does not succeed is the last."""
    results: list[ActionResult] = []
    for action in plan.actions:
        lease = await permit.hold(action)
        word = await begin(action)
        if word.against is not None and not word.perhaps_begun:
            return Execution(plan_digest=plan.digest, results=tuple(results), refused=word.against)

        async def tell(line: str, action_id: str = action.id) -> None:
            await on_line(action_id, line)

        order = RunOrder(
            run_key=f"{plan.digest}:{action.id}",
            plan=plan,
            approved_digest=permit.approved_digest,
            action=action.id,
            lease=lease,
            only_if_known=word.against is not None,
            private=word.private,
        )
        try:
            result = await sandbox.run(order, tell)
        except SandboxUnavailable as error:
            return Execution(plan_digest=plan.digest, results=tuple(results), refused=str(error))
        if result.status is ActionStatus.NOT_BEGUN:
            why = word.against or shown(result).output
            return Execution(plan_digest=plan.digest, results=tuple(results), refused=why)
        results.append(result)
        if result.status is not ActionStatus.SUCCEEDED:
            break
    return Execution(plan_digest=plan.digest, results=tuple(results))
