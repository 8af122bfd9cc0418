"""Writing down: a delivery is on disk before whoever sent it is answered.

All that arrive while a commit is under way go into the next one together, so that a storm costs
few commits, and nobody waits for more than two.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

from vigil.domain.alert import Delivery
from vigil.domain.errors import InboxFull, PortUnavailable, TemporaryError
from vigil.ports.clock import Clock
from vigil.ports.inbox import Full, Inbox

WRITE_S = 4.0
"""How long whoever sent it waits; PagerDuty takes no answer within 5 s for a failure."""
MOST_TOGETHER = 200
"""Deliveries in one commit: as many as connections that may be open at once."""

Reply = asyncio.Future[int | Full]
"""What whoever sent a delivery waits for; done also when they have given up."""


class WritingDown:
    """Puts deliveries into the inbox. ``written`` is set whenever something new lies there."""

    def __init__(self, inbox: Inbox, clock: Clock, patience_s: float = WRITE_S) -> None:
        self._inbox = inbox
        self._clock = clock
        self._patience_s = patience_s
        self._waiting: OrderedDict[Reply, Delivery] = OrderedDict()
        self._writing: asyncio.Task[None] | None = None
        self.written = asyncio.Event()

    async def put(self, delivery: Delivery) -> None:
        """On disk when this returns; ``InboxFull`` or ``PortUnavailable``: perhaps it is not.

        What waits is bounded by whoever waits for it: one that gives up takes its delivery along,
        unless the commit that is under way has it already.
        """
        answer: Reply = asyncio.get_running_loop().create_future()
        self._waiting[answer] = delivery
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        try:
            async with asyncio.timeout(self._patience_s):
                given = await answer
        except TimeoutError as error:
            raise PortUnavailable(
                f"a delivery of {delivery.source} was not written down within "
                f"{self._patience_s:g} s; see what holds up the database"
            ) from error
        finally:
            self._waiting.pop(answer, None)
        if isinstance(given, Full):
            raise InboxFull(delivery.source, given.retry_after_s)

    async def _write(self) -> None:
        """Until nothing waits any more, one commit at a time."""
        while group := self._next_group():
            await self._commit(group)

    async def _commit(self, group: Sequence[tuple[Reply, Delivery]]) -> None:
        deliveries = [delivery for _, delivery in group]
        try:
            given = await self._inbox.write_down(deliveries, self._clock.now())
        except TemporaryError as error:
            for answer, _ in group:
                _fail(answer, PortUnavailable(str(error)))
        except Exception as error:  # noqa: BLE001 - it is theirs whose delivery cannot be written
            if len(group) == 1:
                _fail(group[0][0], error)
                return
            for one in group:
                await self._commit([one])
        else:
            self.written.set()
            for (answer, _), number in zip(group, given, strict=True):
                _tell(answer, number)

    def _next_group(self) -> list[tuple[Reply, Delivery]]:
        some = min(len(self._waiting), MOST_TOGETHER)
        return [self._waiting.popitem(last=False) for _ in range(some)]


def _tell(answer: Reply, given: int | Full) -> None:
    if not answer.done():
        answer.set_result(given)


def _fail(answer: Reply, error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
