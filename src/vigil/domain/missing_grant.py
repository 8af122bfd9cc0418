"""Grants that a plan needs and its service does not offer."""

from vigil.domain.catalogue import Service
from vigil.domain.plan import Plan
from vigil.domain.raw_grant import RAW
from vigil.domain.value import Value


class MissingGrant(Value):
    """One call of a plan, or one raw grant that it names, that nobody has granted."""

    action: str
    grant: str
    verb: str

    def __str__(self) -> str:
        """As the gate says it."""
        if self.verb == RAW:
            return f"{self.action} needs the raw grant '{self.grant}'"
        return f"{self.action} needs the grant '{self.grant}' for {self.verb}"


def missing_grants(plan: Plan, service: Service) -> tuple[MissingGrant, ...]:
    """Each once, in the order of the plan."""
    verbs = {name: grant.verb for name, grant in service.grants.items()}
    calls = (
        MissingGrant(action=action.id, grant=call.grant, verb=call.verb)
        for action in plan.actions
        for call in action.effects.calls
        if verbs.get(call.grant) != call.verb
    )
    raw = (
        MissingGrant(action=action.id, grant=name, verb=RAW)
        for action in plan.actions
        for name in action.raw
        if name not in service.raw_grants
    )
    return tuple(dict.fromkeys((*calls, *raw)))
