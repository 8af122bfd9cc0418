"""EXECUTING: under locks, one action after the other up to the first surprise."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from vigil.domain.errors import SandboxUnavailable
from vigil.domain.plan import ActionResult, ActionStatus, Execution, Plan
from vigil.domain.run import Lease, RunOrder
from vigil.ports.sandbox import Sandbox
from vigil.ports.switch import Switch

OnLine = Callable[[str, str], Awaitable[None]]
"""(action id, one line of output or one logged call)."""


@dataclass(frozen=True)
class Permit:
    """What allows a plan to run now: the digest that was judged, and the locks that are held."""

    approved_digest: str
    lease: Lease


def locked_set(plan: Plan) -> tuple[str, ...]:
    """Everything a plan touches and its proof looks at, sorted."""
    touched = {f"{plan.service}/{resource}" for resource in plan.resources}
    looked_at = {f"service:{ref.service}" for ref in (*plan.proving, *plan.neighbours)}
    return tuple(sorted(touched | looked_at | {f"service:{plan.service}"}))


async def execute(
    plan: Plan, permit: Permit, *, sandbox: Sandbox, switch: Switch, on_line: OnLine
) -> Execution:
    """Run every action; the first that does not succeed is the last."""
    results: list[ActionResult] = []
    for action in plan.actions:
        state = switch.read()
        if state.stopped:
            return Execution(
                plan_digest=plan.digest,
                results=tuple(results),
                refused=f"The stop switch is on ({state.text or 'no reason given'}).",
            )

        async def tell(line: str, action_id: str = action.id) -> None:
            await on_line(action_id, line)

        order = RunOrder(
            run_key=f"{plan.digest}:{action.id}",
            plan=plan,
            approved_digest=permit.approved_digest,
            action=action.id,
            fences=permit.lease.fences,
            lease_until=permit.lease.until,
        )
        try:
            result = await sandbox.run(order, tell)
        except SandboxUnavailable as error:
            return Execution(plan_digest=plan.digest, results=tuple(results), refused=str(error))
        results.append(result)
        if result.status is not ActionStatus.SUCCEEDED:
            break
    return Execution(plan_digest=plan.digest, results=tuple(results))


def lease_seconds(plan: Plan, margin_s: float) -> float:
    """How long the locks are needed for running: every action's own limit and a margin."""
    return sum(action.timeout_s for action in plan.actions) + margin_s
