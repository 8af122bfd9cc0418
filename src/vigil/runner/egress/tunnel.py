"""Bytes to and fro, counted, and no more of them than a run may send and get."""

import asyncio
from contextlib import suppress

from vigil.runner.egress.request import Line

MAX_BYTES = 64 * 1024 * 1024
"""Both ways, of all connections of a run."""
_CHUNK = 65_536


class TooMuch(Exception):
    """A run may send and get no more than it has."""


class Budget:
    """What is left for all connections of one run."""

    def __init__(self, most: int = MAX_BYTES) -> None:
        self._most = most
        self._left = most

    def take(self, count: int) -> None:
        """:raises TooMuch: so much is not left."""
        self._left -= count
        if self._left < 0:
            raise TooMuch(f"more than {self._most} bytes in one run")


class Tunnel:
    """One connection that stands."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._counts = {"sent": 0, "received": 0}

    @property
    def told(self) -> str:
        """How much it carried, as words."""
        return f"{self._counts['sent']} bytes sent, {self._counts['received']} received"

    async def carry(self, inner: Line, outer: Line) -> None:
        """Until both sides have said all.

        :raises TooMuch: it was cut off.
        """
        ways = {
            asyncio.create_task(self._pump(inner.reader, outer.writer, "sent")),
            asyncio.create_task(self._pump(outer.reader, inner.writer, "received")),
        }
        try:
            done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_EXCEPTION)
            for way in done:
                way.result()
        finally:
            for way in ways:
                way.cancel()

    async def _pump(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, way: str
    ) -> None:
        # Who is gone has said all; the other side is told so, and may still finish its answer.
        with suppress(OSError):
            while chunk := await source.read(_CHUNK):
                self._budget.take(len(chunk))
                self._counts[way] += len(chunk)
                target.write(chunk)
                await target.drain()
        with suppress(OSError):
            target.write_eof()
