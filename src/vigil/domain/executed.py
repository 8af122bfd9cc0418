"""What was executed lately: the breakers of a policy are worked out from it."""

from datetime import timedelta

from vigil.domain.proof import Outcome
from vigil.domain.value import Instant, Value

LONGEST = timedelta(days=2)
"""So long at most a plan is taken to need for its proof and its undo, and a cure is watched after
that: whoever looks for what became of plans looks back so much further."""


class Executed(Value):
    """A plan that came to be executed, and what is known of it by now."""

    incident: str
    service: str
    at: Instant
    """When it began."""
    runbook: str | None = None
    policy_rules: tuple[str, ...] = ()
    """The rules of the policy that fired when it was begun unasked, or else when first judged."""
    outcome: Outcome | None = None
    """None: nobody has looked yet whether it helped."""
    proven_at: Instant | None = None
    """When that was known; None with an outcome: nobody knows, so when it began."""
    interrupted: bool = False
    """Something outside of the plan kept it from its end."""
    attempt: int = 1
    resets: tuple[str, ...] = ()
    """Breakers that a person has reset since: it counts for them no more, nor what was before it.

    Before it of those that count how plans came out is what came out before it did.
    """

    came_back_as: str | None = None
    """The incident in which the trouble was back that it had been proven to cure: it counts as
    ``not_fixed``, known since then."""

    @property
    def known_at(self) -> Instant:
        """When it was known how it came out, or may have been."""
        return self.proven_at or self.at
