"""The verbs: one file each, the only code of Vigil that changes a service.

What a verb is, and what can be granted of it, is in ``domain/verbs/``. How it is done is here, in
the module of its name, whose ``bind`` makes an ``Operation`` of a call.
"""

from collections.abc import Callable
from importlib import import_module

from vigil.domain.catalogue import Service
from vigil.domain.effects import Call
from vigil.domain.verbs import VERBS
from vigil.domain.verbs.base import Verb
from vigil.runner.verbs.base import Asked, Operation, Refusal
from vigil.runner.verbs.paths import not_through_links

Bind = Callable[[Asked], Operation]


def operation(name: str, service: Service, call: Call, key: str, incident: str = "") -> Operation:
    """Bind a call of an incident's plan to the grant that it names.

    :raises Refusal: the service does not grant it, or not under its target's own name.
    """
    grant = service.grants.get(call.grant)
    if grant is None:
        granted = ", ".join(service.grants) or "nothing"
        raise Refusal(f"{name} has no grant '{call.grant}' (it grants: {granted})")
    if grant.verb != call.verb:
        raise Refusal(f"the grant '{call.grant}' of {name} is for {grant.verb}, not {call.verb}")
    verb = VERBS[grant.verb]
    if not verb.admits(call.arguments):
        given = " ".join(call.arguments)[:80] or "nothing"
        raise Refusal(f"{verb.name} takes {verb.usage or 'no arguments'}, and was given: {given}")
    not_through_links(grant.paths)
    return binding(verb)(Asked(name, service, grant, call.arguments, key, incident))


def binding(verb: Verb) -> Bind:
    """How calls of a verb are bound; its module is loaded only now, as it may need a driver.

    :raises Refusal: the driver is not there.
    """
    try:
        module = import_module(f"{__name__}.{verb.name.replace('.', '_')}")
    except ModuleNotFoundError as missing:
        if not verb.needs:
            raise
        raise Refusal(
            f"what {verb.name} needs is not installed where the runner is ({missing}); install "
            f"'{verb.needs}' there"
        ) from missing
    bind: Bind = module.bind
    return bind
