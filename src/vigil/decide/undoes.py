"""What the undos of a plan would do.

Nobody is asked again before one is run, so they are judged with their plan; and an undo that could
never be run is none, whatever whoever approves the plan is shown.
"""

from collections.abc import Sequence
from functools import lru_cache

from vigil.domain.catalogue import Service
from vigil.domain.effects import EffectKind
from vigil.domain.missing_grant import MissingGrant, missing_grants
from vigil.domain.plan import Action, Plan
from vigil.guard import analyse, with_raw


def undoes(plan: Plan) -> tuple[Action, ...]:
    """Each undo as the action that it would be; its id says whose undo it is."""
    return tuple(
        _undo(undo_of(action.id), action.title, action.undo, action.raw)
        for action in plan.actions
        if action.undo is not None
    )


def undo_of(action: str) -> str:
    """What the undo of an action is called."""
    return f"the undo of {action}"


@lru_cache(maxsize=128)
def _undo(name: str, title: str, script: str, raw: tuple[str, ...]) -> Action:
    """Kept, as one plan is looked at from many sides."""
    return Action(
        id=name,
        title=title,
        script=script,
        grants=(),
        effects=with_raw(analyse(script), raw),
        no_undo="this is itself an undo",
        raw=raw,
    )


def that_change(plan: Plan) -> tuple[Action, ...]:
    """Those that a rule of the policy has something to say of."""
    return tuple(each for each in undoes(plan) if each.effects.kind is not EffectKind.READ)


def named(actions: Sequence[str]) -> str:
    """What is the same of an action and of its undo is said of the action."""
    undos = {undo_of(action) for action in actions}
    return ", ".join(action for action in actions if action not in undos)


def lacking(plan: Plan, service: Service) -> tuple[MissingGrant, ...]:
    """The grants that the plan needs and nobody gave, and those that only its undos need."""
    own = missing_grants(plan, service)
    said = {(each.grant, each.verb) for each in own}
    back = missing_grants(plan.model_copy(update={"actions": undoes(plan)}), service)
    return (*own, *(each for each in back if (each.grant, each.verb) not in said))


def resources_of(plan: Plan) -> frozenset[str]:
    """Everything that the plan touches, or would touch while it is taken back."""
    return frozenset(plan.resources).union(*(each.effects.resources for each in undoes(plan)))
