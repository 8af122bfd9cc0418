"""Staying in touch with other processes over Redis, and noticing when that is not so.

News go over a channel, which keeps nothing: whoever did not listen looks at the record.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from vigil.integrations.bus.line import FAILURES, Line, Pauses, reason
from vigil.integrations.bus.mailbox import Listeners, Mailbox
from vigil.integrations.bus.shared_bucket import draw
from vigil.integrations.bus.wire import Told, told
from vigil.ports.bus import LONGEST_WAIT_S

log = structlog.get_logger()

SPACING_S = 0.02
"""Between two messages of one process; what is announced meanwhile goes into the next."""
QUIET_S = 1.0
"""After so long without a message Redis is asked whether it is still there."""
TRIES = 4
"""An answer that is late tells of a busy machine rather than of a Redis that is gone; meanwhile no
call waits for it.
"""
NOT_REACHED = "not reached yet"

Message = dict[str, object]
"""As the driver gives it: ``type``, ``data`` and more."""


class Contact:
    """``hear_others`` and ``tell_others`` are loops to be kept going as long as Vigil runs.

    ``alone``: no other process writes to the record, so that nothing is missed without Redis.
    """

    def __init__(self, line: Line, prefix: str, listeners: Listeners, *, alone: bool) -> None:
        self.outgoing = Mailbox()
        self.trouble: str | None = NOT_REACHED
        self._line = line
        self._channel = f"{prefix}news"
        self._trial = f"{prefix}room:"
        self._listeners = listeners
        self._alone = alone
        self._speaker = secrets.token_hex(8)

    async def hear_others(self) -> None:
        """Hear what others say, notice that Redis is away, come back to it."""
        pauses = Pauses()
        try:
            while True:
                try:
                    await self._hear(pauses)
                except FAILURES as error:
                    self._lost(reason(error))
                await asyncio.sleep(pauses.following())
        finally:
            # Whatever ended this, nobody hears others until it is begun again.
            self.trouble = NOT_REACHED
            self._listeners.missed(all_heard=self._alone)
            await self._line.close()

    async def tell_others(self) -> None:
        """Say what is announced here; what cannot be said is owed as a word that it was missed."""
        while True:
            await self._line.well.wait()
            message = Told.by(self._speaker, await self.outgoing.take())
            if await self._line.ask(self._publishing(message)) is None:
                self.outgoing.miss()
            await asyncio.sleep(SPACING_S)

    async def try_out(self) -> None:
        """Ask of Redis what is asked of it later, a script that writes; one of ``FAILURES``."""
        for number in range(1, TRIES + 1):
            try:
                await self._line.insist(
                    lambda redis: draw(redis, self._trial, wanted=0, rate=1, burst=1)
                )
            except FAILURES:
                if number == TRIES:
                    raise
            else:
                return

    def _publishing(self, message: Told) -> Callable[[Redis], Awaitable[int]]:
        return lambda redis: redis.publish(self._channel, message.model_dump_json())

    async def _hear(self, pauses: Pauses) -> None:
        async with self._line.channel() as channel:
            async with asyncio.timeout(LONGEST_WAIT_S):
                await channel.subscribe(self._channel)
            await self.try_out()
            self._found()
            pauses.reset()
            while True:
                message = await _next(channel, QUIET_S)
                if message is None:
                    message = await self._still_there(channel)
                if not self._line.well.is_set():
                    # A call has failed; if this one does not, that was a hiccup.
                    await self.try_out()
                    self._line.well.set()
                self._take(message)

    async def _still_there(self, channel: PubSub) -> Message:
        """What is heard after asking; what answers nothing is gone."""
        for _ in range(TRIES):
            async with asyncio.timeout(LONGEST_WAIT_S):
                await channel.ping()
            message = await _next(channel, LONGEST_WAIT_S)
            if message is not None:
                return message
        raise TimeoutError

    def _take(self, message: Message) -> None:
        word = told(message["data"]) if message["type"] == "message" else None
        if word is None or word.speaker == self._speaker:
            return
        if word.missed:
            self._listeners.missed(all_heard=True)
        self._listeners.tell(word.news)

    def _found(self) -> None:
        log.info("bus found", redis=str(self._line.address))
        self.trouble = None
        self._line.well.set()
        # Nobody heard what was said meanwhile, on either side.
        self._listeners.missed(all_heard=True)
        self.outgoing.miss()

    def _lost(self, trouble: str) -> None:
        self._line.well.clear()
        if self.trouble in {None, NOT_REACHED}:
            log.warning("bus lost", redis=str(self._line.address), reason=trouble)
            self._listeners.missed(all_heard=self._alone)
        self.trouble = trouble


async def _next(channel: PubSub, within_s: float) -> Message | None:
    """None when nothing came; one of ``FAILURES`` also when the driver hangs on its way back."""
    async with asyncio.timeout(within_s + LONGEST_WAIT_S):
        message: Message | None = await channel.get_message(timeout=within_s)
    return message
