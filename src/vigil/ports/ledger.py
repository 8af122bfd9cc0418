"""What models have cost, and whether another call may be made."""

from typing import Protocol

from vigil.domain.cost import Cost


class Ledger(Protocol):
    """The count of tokens and money, per incident and within a day; nothing is paid here.

    1. ``reserve`` writes down the most that a call can cost before it is made. It refuses, and
       writes nothing, where that could go beyond what one incident or all within 24 hours may
       cost; the sentence says what stands against it.
    2. Any number of callers at once, in any number of processes, never reserve more together.
    3. ``settle`` puts what a call did cost in the place of the most that it could. What is never
       settled, as whoever called was killed, stays counted as its most.
    4. What is on record is believed after a crash. A record that does not answer raises
       ``PortUnavailable``; one that cannot be read counts as spent.
    """

    async def reserve(self, incident: str, most: Cost) -> str | None:
        """None: the call may be made, and settled once it is over. Otherwise why it may not."""
        ...

    async def settle(self, incident: str, most: Cost, cost: Cost) -> None:
        """The call for which ``most`` was reserved has cost this."""
        ...
