"""How fast sessions may begin, or go on: slowly at first, and never all at once."""

import asyncio

RAMP_S = 5.0
"""Until the full rate."""
SLOWEST = 0.2
"""Of the rate, at the beginning."""


class Pace:
    """Gives turns, one after the other."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._began: float | None = None
        self._next = 0.0

    async def turn(self) -> None:
        """Wait for one's own."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._began is None:
            self._began = self._next = now
        mine = max(self._next, now)
        up_to_speed = min((mine - self._began) / RAMP_S, 1.0)
        self._next = mine + 1 / (self._rate * max(up_to_speed, SLOWEST))
        await asyncio.sleep(mine - now)
