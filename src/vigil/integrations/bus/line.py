"""Calls to one Redis: each with a deadline, none while it is in doubt."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from secrets import SystemRandom
from typing import Final, TypeVar

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from vigil.domain.scrub import clean
from vigil.integrations.bus.address import Address
from vigil.ports.bus import LONGEST_WAIT_S

Answer = TypeVar("Answer")

FAILURES: Final = (RedisError, OSError, TimeoutError)
MOST_AT_ONCE = 8
"""Calls under way, each on a connection of its own; the others wait within their deadline."""
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0
CLOSING_S = 1.0
MOST_REASON = 200
"""Characters of a reason that are shown."""


class Line:
    """``well`` is set while Redis is believed to answer: a call that fails clears it."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.well = asyncio.Event()
        self._client = Redis(
            host=address.host,
            port=address.port,
            unix_socket_path=address.path,
            db=address.db,
            username=address.username,
            password=address.password,
            ssl=address.tls,
            ssl_ca_certs=address.ca_file,
            # Deadlines are set around each call. The driver's own for sending is ``wait_for``,
            # which before Python 3.12 may swallow a cancellation: the loop would never end.
            socket_timeout=None,
            socket_connect_timeout=LONGEST_WAIT_S,
            # Whoever asks has something else to do when Redis does not answer.
            retry=Retry(NoBackoff(), 0),
            # RESP 2 and no names: no HELLO, no CLIENT SETINFO, which old servers refuse.
            protocol=2,
            driver_info=None,
        )
        self._turn = asyncio.Semaphore(MOST_AT_ONCE)

    async def ask(self, command: Callable[[Redis], Awaitable[Answer]]) -> Answer | None:
        """What Redis answers; None at once where it is in doubt, and when it fails."""
        if not self.well.is_set():
            return None
        try:
            return await self.insist(command)
        except FAILURES as error:
            # Somebody put something else under this name: Redis itself is well.
            if not (isinstance(error, ResponseError) and str(error).startswith("WRONGTYPE")):
                self.well.clear()
            return None

    async def insist(self, command: Callable[[Redis], Awaitable[Answer]]) -> Answer:
        """What Redis answers; one of ``FAILURES``, at the latest after ``LONGEST_WAIT_S``."""
        async with asyncio.timeout(LONGEST_WAIT_S), self._turn:
            return await command(self._client)

    def channel(self) -> PubSub:
        """A connection of its own, to hear on."""
        return self._client.pubsub()

    async def close(self) -> None:
        """Hang up."""
        self.well.clear()
        with contextlib.suppress(*FAILURES):
            async with asyncio.timeout(CLOSING_S):
                await self._client.aclose()


class Pauses:
    """How long to leave a Redis alone that does not answer: longer each time, and by chance, so
    that many workers do not all come back at once.
    """

    def __init__(self) -> None:
        self._chance = SystemRandom()
        self._longest = FIRST_PAUSE_S

    def following(self) -> float:
        """The next one, in seconds."""
        longest, self._longest = self._longest, min(self._longest * 2, LONGEST_PAUSE_S)
        return self._chance.uniform(longest / 2, longest)

    def reset(self) -> None:
        """It has answered."""
        self._longest = FIRST_PAUSE_S


def reason(error: BaseException) -> str:
    """In a line fit to be shown: what a server says about itself is a stranger's word."""
    if isinstance(error, TimeoutError) or not str(error):
        return f"no answer within {LONGEST_WAIT_S:g} s"
    return clean(str(error), MOST_REASON).rstrip(".")
