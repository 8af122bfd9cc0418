"""A dry run of a plan: every call's verb looks at its target, and nothing is begun.

Looking is the first thing that a verb does anyway, and changes nothing of the target. So this has
no code of its own that could say something else than what is done later, and leaves nothing in the
ledger.
"""

import time

from vigil.domain.catalogue import Catalogue, Service
from vigil.domain.effects import Call
from vigil.domain.errors import NotFound
from vigil.domain.foreseen import Foreseen
from vigil.domain.plan import Plan
from vigil.domain.scrub import clean
from vigil.runner.limits import MAX_CALLS_PER_RUN, MAX_RESULT_CHARS
from vigil.runner.orders import Analyse
from vigil.runner.verbs import operation
from vigil.runner.verbs.base import NotDone, Refusal

WHOLE_S = 15.0
"""After it no further target is looked at; each one has bounds of its own."""
MAX_CALLS = MAX_CALLS_PER_RUN
"""Of all actions together."""
_FREE = "it is of free form, and what such a script does nobody can try without doing it"


def foresee(
    plan: Plan, catalogue: Catalogue, analyse: Analyse, seconds: float = WHOLE_S
) -> tuple[Foreseen, ...]:
    """What each call of the plan would do now, in its order. Call it in a thread.

    :raises NotFound: the catalogue does not have the service.
    """
    service = catalogue.services.get(plan.service)
    if service is None:
        raise NotFound(f"the runner's catalogue has no service '{plan.service}'")
    until = time.monotonic() + seconds
    found = []
    for action in plan.actions:
        if action.raw:
            found.append(Foreseen(action=action.id, ok=False, text=_FREE))
        for place, call in enumerate(analyse(action.script).calls):
            if len(found) >= MAX_CALLS:
                return tuple(found)
            seen = Foreseen(action=action.id, call=call, ok=False, text="there was no time for it")
            if time.monotonic() < until:
                ok, text = _look(plan, service, call, f"{plan.digest}:{action.id}:{place}")
                text = clean(text, MAX_RESULT_CHARS)
                seen = seen.model_copy(update={"ok": ok, "text": text})
            found.append(seen)
    return tuple(found)


def _look(plan: Plan, service: Service, call: Call, key: str) -> tuple[bool, str]:
    """``key`` is that of the real call, as some verbs make a name of it."""
    try:
        return True, str(operation(plan.service, service, call, key, plan.incident).look()["would"])
    except (Refusal, NotDone) as no:
        return False, str(no)
