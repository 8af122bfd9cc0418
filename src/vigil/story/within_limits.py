"""A plan that runs unasked is judged for the last time in the transaction that counts it.

Between the gate's look at what others have executed and this plan's own mark lies the time that
looks and locks take, and others may pass the gate meanwhile. A policy's numbers an hour hold only
because nobody comes between the last judgement and the mark.
"""

from collections.abc import Callable
from dataclasses import replace

from vigil.decide.facts import HOUR
from vigil.decide.gate import judge
from vigil.domain.executed import Executed
from vigil.domain.incident import Stage
from vigil.domain.plan import Plan, PlanKind
from vigil.domain.policy import Policy
from vigil.domain.value import Instant
from vigil.domain.verdict import Decision
from vigil.ports.journal import Proviso
from vigil.story.parts import Parts
from vigil.story.progress import Progress
from vigil.story.still_right import Judged


async def enter(parts: Parts, progress: Progress, plan: Plan, judged: Judged) -> bool:
    """Go to EXECUTING; False, and nothing, where others have changed the gate's word meanwhile.

    An undo is under no limit, and whoever approved said yes beyond them: both are counted for
    others and kept back by none. Nor is what a former run has brought there.
    """
    approved = await progress.recorded.answer(plan.digest) is not None
    if plan.kind is PlanKind.ROLLBACK or approved:
        await progress.enter(Stage.EXECUTING)
        return True
    since = parts.senses.clock.now() - HOUR
    proviso = Proviso(
        since=since,
        each=parts.policy.rules is not None,
        holds=_still_allowed(plan, parts.policy, judged, since),
    )
    return await progress.count_in(judged.verdict, proviso)


def _still_allowed(
    plan: Plan, policy: Policy, judged: Judged, since: Instant
) -> Callable[[int, tuple[Executed, ...]], bool]:
    """By the very rules that go on record with it: others that allow it would never count it."""
    older = tuple(each for each in judged.facts.executed if each.at < since)

    def holds(many: int, within_hour: tuple[Executed, ...]) -> bool:
        executed = (*within_hour, *older)
        facts = replace(judged.facts, executed_last_hour=many, executed=executed)
        now = judge(plan, policy, facts)
        same = now.policy_rules == judged.verdict.policy_rules
        return same and now.decision is Decision.ALLOW

    return holds
