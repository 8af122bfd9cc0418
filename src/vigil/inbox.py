"""Hearing: a delivery is on disk before whoever sent it is answered.

All that arrive while a commit is under way go into the next one together, so that a storm costs
few commits, and nobody waits for more than two.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from vigil.domain.alert import Delivery
from vigil.domain.errors import InboxFull, PortUnavailable, TemporaryError
from vigil.ports.clock import Clock
from vigil.ports.journal import Full, Journal

WRITE_S = 4.0
"""How long whoever sent it waits; PagerDuty takes no answer within 5 s for a failure."""
MOST_TOGETHER = 200
"""Deliveries in one commit: as many as connections that may be open at once."""


@dataclass(frozen=True)
class _Waiting:
    """A delivery that is not on disk yet, and whoever waits for that."""

    delivery: Delivery
    answer: asyncio.Future[int | Full]

    def tell(self, given: int | Full) -> None:
        if not self.answer.done():
            self.answer.set_result(given)

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class Inbox:
    """Writes deliveries down. ``written`` is set whenever something new lies there."""

    def __init__(self, journal: Journal, clock: Clock, patience_s: float = WRITE_S) -> None:
        self._journal = journal
        self._clock = clock
        self._patience_s = patience_s
        self._waiting: deque[_Waiting] = deque()
        self._writing: asyncio.Task[None] | None = None
        self.written = asyncio.Event()

    async def put(self, delivery: Delivery) -> None:
        """On disk when this returns; ``InboxFull`` or ``PortUnavailable``: perhaps it is not.

        What waits is bounded by whoever waits for it: one that gives up takes its delivery along.
        """
        answer = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(delivery, answer))
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
        if isinstance(given, Full):
            raise InboxFull(delivery.source, given.retry_after_s)

    async def _write(self) -> None:
        """Until nothing waits any more, one commit at a time."""
        while group := self._next_group():
            await self._commit(group)

    async def _commit(self, group: Sequence[_Waiting]) -> None:
        deliveries = [one.delivery for one in group]
        try:
            given = await self._journal.write_down(deliveries, self._clock.now())
        except TemporaryError as error:
            for one in group:
                one.fail(PortUnavailable(str(error)))
        except Exception as error:  # noqa: BLE001 - it is theirs whose delivery cannot be written
            if len(group) == 1:
                group[0].fail(error)
                return
            for one in group:
                await self._commit([one])
        else:
            self.written.set()
            for one, answer in zip(group, given, strict=True):
                one.tell(answer)

    def _next_group(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        while self._waiting and len(group) < MOST_TOGETHER:
            one = self._waiting.popleft()
            if not one.answer.done():
                group.append(one)
        return group
