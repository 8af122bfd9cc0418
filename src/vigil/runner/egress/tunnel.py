"""Bytes to and fro, counted, and no more of them than a run may send and get."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from vigil.runner.egress.request import Stream

MAX_BYTES = 64 * 1024 * 1024
"""Both ways, of all connections of a run."""
_CHUNK = 65_536


class TooMuch(Exception):
    """A run may send and get no more than it has."""


class Allowance:
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
    """One connection that stands; ``may_go_on`` is asked before each piece and raises where not."""

    def __init__(self, allowance: Allowance, may_go_on: Callable[[], None]) -> None:
        self._allowance = allowance
        self._may_go_on = may_go_on
        self._counts = {"sent": 0, "received": 0}

    @property
    def told(self) -> str:
        """How much it carried, as words."""
        return f"{self._counts['sent']} bytes sent, {self._counts['received']} received"

    async def carry(self, inner: Stream, outer: Stream) -> None:
        """Until both sides have said all.

        :raises TooMuch: it was cut off. So does what ``may_go_on`` raises.
        """
        # What waits in a buffer is sent by nobody who asks first: no more than one piece may.
        outer.writer.transport.set_write_buffer_limits(high=0)
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
            await asyncio.gather(*ways, return_exceptions=True)

    async def _pump(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, way: str
    ) -> None:
        # Who is gone has said all; the other side is told so, and may still finish its answer.
        with suppress(OSError):
            while chunk := await source.read(_CHUNK):
                self._may_go_on()
                self._allowance.take(len(chunk))
                self._counts[way] += len(chunk)
                target.write(chunk)
                await target.drain()
        self._may_go_on()
        with suppress(OSError):
            target.write_eof()
