"""What was executed lately: the breakers of a policy are worked out from it."""

from vigil.domain.proof import Outcome
from vigil.domain.value import Instant, Value


class Executed(Value):
    """A plan that came to be executed, and what is known of it by now."""

    incident: str
    service: str
    at: Instant
    runbook: str | None = None
    policy_rules: tuple[str, ...] = ()
    """The rules of the policy that fired when it was first judged."""
    outcome: Outcome | None = None
    """None: nobody has looked yet whether it helped."""
