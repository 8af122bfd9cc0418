"""Whether somebody else changed how a service is set up, after a plan for it was made.

A file that an action of the plan itself may have changed says nothing of others any more, and is
left out from then on; the verb that changes it looks for itself whether it is the one it knew.
What a grant leads to the catalogue says, and a person approved what it led to when asked.
"""

from collections.abc import Iterable, Iterator

from vigil.decide.synthesize import Synthesis
from vigil.domain.catalogue import Service
from vigil.domain.granted import digests_of, used_by
from vigil.domain.incident import Stage
from vigil.domain.plan import Action, Plan, PlanKind
from vigil.story.parts import Parts
from vigil.story.progress import Progress


async def reconfigured_meanwhile(parts: Parts, progress: Progress, plan: Plan) -> str | None:
    """What was changed, as half a sentence; None: nothing, or nothing was known of it before."""
    of_undo = plan.kind is PlanKind.ROLLBACK
    made = progress.recorded.of(progress.attempt - 1 if of_undo else progress.attempt)
    synthesis = await made.read(Stage.SYNTHESIZING, Synthesis)
    if synthesis is None:
        return None
    service = parts.catalogue.services[plan.service]
    if others := _others(plan, synthesis, service):
        return f"somebody changed what the catalogue says of its grants: {', '.join(others)}"
    own = set(_changed_by(await _begun(progress, plan), service))
    before = {file: was for file, was in synthesis.configuration.items() if file not in own}
    if not before:
        return None
    now = await parts.senses.changes.configuration(plan.service)
    if now is None:
        return f"nobody can tell whether {', '.join(before)} is still as it was"
    # Whatever the catalogue has left out since is nobody's concern any more.
    changed = [file for file, was in before.items() if now.get(file, was) != was]
    return f"somebody changed {', '.join(changed)}" if changed else None


def _others(plan: Plan, synthesis: Synthesis, service: Service) -> list[str]:
    """The grants of the plan that lead elsewhere by now, or are none any more."""
    now = digests_of(service)
    used = used_by(plan.actions) & synthesis.grants.keys()
    return sorted(name for name in used if now.get(name) != synthesis.grants[name])


async def _begun(progress: Progress, plan: Plan) -> list[Action]:
    """The actions of the plan, and of the one that it undoes, that may have changed something."""
    begun = [action for action in plan.actions if await progress.recorded.begun(action.id)]
    tried = await progress.recorded.tried_before() if plan.kind is PlanKind.ROLLBACK else None
    return [*begun, *(tried.plan.actions if tried else ())]


def _changed_by(actions: Iterable[Action], service: Service) -> Iterator[str]:
    for action in actions:
        for call in action.effects.calls:
            if call.grant in service.grants:
                yield from service.grants[call.grant].configuration
