"""Where sessions wait for each other."""

import asyncio

from vigil.integrations.swarm.pace import Pace


class Gate:
    """Opens when everybody who is still there has come to it; who goes on does so in turn."""

    def __init__(self, expected: int, rate: float) -> None:
        self._expected = expected
        self._waiting = 0
        self._open = asyncio.Event()
        self._pace = Pace(rate)

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
