"""Grants that a plan needs and its service does not offer."""

from vigil.domain.catalogue import Service
from vigil.domain.plan import Plan
from vigil.domain.value import Value


class MissingGrant(Value):
    """One call of a plan that nobody has granted."""

    action: str
    grant: str
    verb: str

    def __str__(self) -> str:
        """As the gate says it."""
        return f"{self.action} needs the grant '{self.grant}' for {self.verb}"


def missing_grants(plan: Plan, service: Service) -> tuple[MissingGrant, ...]:
    """Each once, in the order of the plan."""
    verbs = {name: grant.verb for name, grant in service.grants.items()}
    return tuple(
        dict.fromkeys(
            MissingGrant(action=action.id, grant=call.grant, verb=call.verb)
            for action in plan.actions
            for call in action.effects.calls
            if verbs.get(call.grant) != call.verb
        )
    )
