"""Actions with a raw grant: never unasked, and not at all where they break a promise to everybody.

Their scripts are of free form, so that nobody could say what is allowed with them. Neither a policy
nor a record makes that otherwise: each time a person reads the script and decides.
"""

from collections.abc import Iterator

from vigil.decide.facts import Facts
from vigil.decide.rules import Says
from vigil.domain.plan import Action, Plan
from vigil.domain.private import MAX_VALUES, outside
from vigil.domain.raw_grant import RawGrant
from vigil.domain.verdict import Decision


def judge_free_form(plan: Plan, facts: Facts) -> Iterator[Says]:
    """What is said of the actions of this plan that hold raw grants."""
    granted = facts.service.raw_grants
    held = [action for action in plan.actions if action.raw]
    for action in held:
        names = ", ".join(_shown(name, granted) for name in action.raw)
        yield Decision.ASK, f"{action.id} is of free form, with {names}: a person decides each time"
        for name in action.raw:
            if name in granted:
                yield from _on_own_ground(action, granted[name], facts)
    for action in plan.actions:
        if action.private:
            yield _of_private(action, plan, granted)
    if held and facts.broken is None:
        yield Decision.DENY, "nobody has looked which promises its scripts of free form would break"
    for sentence in facts.broken or ():
        yield Decision.DENY, sentence


def _of_private(action: Action, plan: Plan, granted: dict[str, RawGrant]) -> Says:
    """Whether it may be given what tokens stand for: only here, and as far as its grants say."""
    kinds = [kind for name in action.raw if name in granted for kind in granted[name].private]
    if plan.runner is not None:
        why = f"{action.id} would need private values at the runner '{plan.runner}', away from here"
        return Decision.DENY, f"{why}: they do not leave this machine"
    if unknown := outside(action.private, kinds):
        text = f"no raw grant of {action.id} has under `private` the kind of {', '.join(unknown)}"
        return Decision.DENY, text
    if len(action.private) > MAX_VALUES:
        return Decision.DENY, f"{action.id} reads more than {MAX_VALUES} private values"
    return Decision.ASK, f"{action.id} is given what {', '.join(action.private)} stands for"


def _shown(name: str, granted: dict[str, RawGrant]) -> str:
    return f"the raw grant '{name}'" + (f" ({granted[name].at})" if name in granted else "")


def _on_own_ground(action: Action, grant: RawGrant, facts: Facts) -> Iterator[Says]:
    for host in dict.fromkeys((grant.host, *grant.known)):
        held = facts.ground.under(grant.model_copy(update={"host": host}), ())
        if held is not None:
            text = f"{action.id} would talk to what Vigil itself stands on: {held}"
            yield Decision.DENY, text
