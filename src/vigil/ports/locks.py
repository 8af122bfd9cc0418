"""Durable locks over the set of what a plan touches and what its proof looks at."""

from collections.abc import Sequence
from typing import Protocol

from vigil.domain.run import Fence
from vigil.domain.value import Instant, Value


class Lock(Value):
    """What one owner keeps from all others."""

    resource: str
    owner: str
    """The incident."""
    holder: str | None
    """The worker that runs its segment; None once that one was given up."""
    token: int
    lease_until: Instant | None


class Locks(Protocol):
    """Rows that are owned by an incident, and held for it by one worker on a lease.

    What an incident owns no other one gets before it is released, so that their acts and proofs
    never mix, whoever crashes. The lease is among the workers of one incident only.

    1. ``take`` takes all of the set or nothing, in sorted order, so that overlapping sets never
       wait for each other in a circle; otherwise ``LockHeld`` names who keeps what. Again by the
       same owner and holder it keeps the tokens, and no lease becomes shorter.
    2. A token of a resource only ever grows, also across restarts.
    3. Another owner gets nothing before ``release``, also when the lease has run out.
    4. Another holder of the same owner takes over, with higher tokens, once the lease has run out,
       its holder was forfeited or has let go, and not before.
    5. ``release`` gives back what the owner has and its place in the line; of others, nothing. By
       a holder it gives back what that one holds for the owner, or nobody does, and no place: who
       was overtaken takes nothing away from the one that goes on.
    6. ``renew`` extends what a holder still holds and shortens nothing; who was overtaken or
       forfeited extends nothing.
    7. Who was told that others keep something from it stands in line from when it first asked.
       ``ready`` names those for whom everything is free, and whom nobody who asked earlier waits
       beside, in the order of asking; who comes later gets nothing that somebody waits for.
    """

    async def take(
        self, resources: Sequence[str], owner: str, holder: str, now: Instant, lease_s: float
    ) -> tuple[Fence, ...]:
        """Take, or take once more."""
        ...

    async def release(self, owner: str, holder: str | None = None) -> None:
        """The owner is done and wants nothing any more; or, for now, this holder of it is."""
        ...

    async def let_go(self, owner: str, holder: str | None = None) -> None:
        """This holder, or whoever it is, does nothing for the owner now, which keeps it all."""
        ...

    async def renew(self, holder: str, now: Instant, lease_s: float) -> None:
        """The holder lives."""
        ...

    async def forfeit(self, holders: Sequence[str]) -> None:
        """These workers are dead or gone; the owners keep what they own."""
        ...

    async def ready(self, limit: int) -> tuple[str, ...]:
        """Owners in line that would get all they want now."""
        ...

    async def held(self) -> tuple[Lock, ...]:
        """Everything that is owned, by resource."""
        ...
