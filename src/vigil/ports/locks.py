"""Durable locks over the set of what a plan touches and what its proof looks at."""

from collections.abc import Sequence
from typing import Protocol

from vigil.domain.run import Fence
from vigil.domain.value import Instant


class Locks(Protocol):
    """Rows with a lease and a fencing token.

    1. ``take`` takes all of the set or nothing, in sorted order, or raises ``LockHeld`` naming the
       holder; again by the same owner it renews the lease and keeps the tokens.
    2. A token of a resource only ever grows, also across restarts.
    3. A lease that has run out may be taken by another owner, who gets a higher token.
    4. ``release`` by another than the owner changes nothing.
    """

    async def take(
        self, resources: Sequence[str], owner: str, now: Instant, lease_s: float
    ) -> tuple[Fence, ...]:
        """Take or renew."""
        ...

    async def release(self, owner: str) -> None:
        """Give back everything the owner holds."""
        ...
