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
    interrupted: bool = False
    """Something outside of the plan kept it from its end."""
    attempt: int = 1
    resets: tuple[str, ...] = ()
    """Breakers that a person has reset since: it counts for them no more, nor what was before it.
    """
