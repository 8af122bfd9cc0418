"""Where sessions wait for each other."""

import asyncio
from collections.abc import Callable

from vigil.integrations.swarm.pace import Pace


class Gate:
    """Opens when everybody who is still there has come to it; who goes on does so in turn.

    So many who are in the middle of the same thing are of the swarm's own making: they go on as
    fast as the service bears it, where ``share`` says how much of the rate that is.
    """

    def __init__(self, expected: int, rate: float, share: Callable[[], float]) -> None:
        self._expected = expected
        self._waiting = 0
        self._open = asyncio.Event()
        self._pace = Pace(rate, share)

    async def wait(self) -> None:
        """Come to it, and wait until it is one's own turn to go on."""
        self._waiting += 1
        self._look()
        await self._open.wait()
        await self._pace.turn()

    def miss(self) -> None:
        """Somebody will never come to it."""
        self._expected -= 1
        self._look()

    def _look(self) -> None:
        if self._waiting >= self._expected:
            self._open.set()
