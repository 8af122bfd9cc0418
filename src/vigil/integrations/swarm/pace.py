"""How fast sessions may begin, or go on: slowly at first, and never all at once."""

import asyncio
from collections.abc import Callable

RAMP_S = 5.0
"""Until the full rate."""
SLOWEST = 0.2
"""Of the rate, at the beginning."""


class Pace:
    """Gives turns, one after the other."""

    def __init__(self, rate: float, share: Callable[[], float] = lambda: 1.0) -> None:
        """``share``: of the rate, as much as may be used just now, above 0 to 1."""
        self._rate = rate
        self._share = share
        self._began: float | None = None
        self._next = 0.0
        self._in_turn = asyncio.Lock()

    async def turn(self) -> None:
        """Wait for one's own. Whose is next is settled only when it is that one's turn, so that a
        crowd that comes at once slows down as soon as its share does.
        """
        loop = asyncio.get_running_loop()
        async with self._in_turn:
            now = loop.time()
            if self._began is None:
                self._began = self._next = now
            mine = max(self._next, now)
            await asyncio.sleep(mine - now)
            up_to_speed = max(min((mine - self._began) / RAMP_S, 1.0), SLOWEST)
            self._next = mine + 1 / (self._rate * up_to_speed * self._share())
