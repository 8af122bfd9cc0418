"""What a plan would do, asked before a person is: nothing is begun, nobody waits long for it."""

from vigil.domain.errors import VigilError
from vigil.domain.foreseen import DryRun
from vigil.domain.plan import Plan
from vigil.ports.sandbox import Sandbox


async def dry_run(plan: Plan, sandbox: Sandbox) -> DryRun:
    """What its calls would do now; without an answer a person is asked all the same, and told."""
    try:
        foreseen = await sandbox.dry_run(plan)
    except VigilError as silent:
        return DryRun(plan_digest=plan.digest, failed=str(silent))
    return DryRun(plan_digest=plan.digest, foreseen=foreseen)
