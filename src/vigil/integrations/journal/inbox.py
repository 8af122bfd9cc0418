"""The inbox on SQLite or PostgreSQL, in one record with the incidents that come out of it."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Connection, Engine

from vigil.domain.alert import Delivery
from vigil.domain.news import News
from vigil.domain.value import Instant
from vigil.integrations.journal import letters, receiving
from vigil.integrations.journal.keys import Keys
from vigil.integrations.journal.on_record import OnRecord
from vigil.ports.inbox import Arrival, Backlog, Full, Letter, TakenIn


class SqlInbox(OnRecord):
    """Fulfils ``ports.inbox.Inbox``; what is received opens and joins incidents of the journal."""

    def __init__(
        self,
        engine: Engine,
        keys: Keys,
        announce: Callable[[Sequence[News]], None] = lambda _: None,
    ) -> None:
        super().__init__(engine, keys, announce)
        self._at_the_door = ThreadPoolExecutor(1, "vigil-inbox")

    async def write_down(
        self, deliveries: Sequence[Delivery], now: Instant
    ) -> tuple[int | Full, ...]:
        """Put deliveries into the inbox, as letters."""

        def work(connection: Connection) -> tuple[int | Full, ...]:
            return letters.write_down(connection, self._keys, deliveries, now)

        # A thread of its own: whoever sent them must not wait for a crowd of incidents that write.
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._at_the_door, self._write_and_tell, work)

    async def lines(self) -> tuple[Backlog, ...]:
        """How much lies there, by source."""
        return await self._read(letters.lines)

    async def letters(self, source: str, limit: int) -> tuple[Letter, ...]:
        """The first of those of a source that wait."""
        return await self._read(lambda c: letters.letters(c, self._keys, source, limit))

    async def receive(self, arrivals: Sequence[Arrival]) -> tuple[TakenIn, ...]:
        """Take letters in."""
        return await self._write(lambda c: receiving.receive(c, self._keys, arrivals))

    async def set_aside(self, number: int, why: str) -> None:
        """This letter waits no more."""
        await self._write(lambda c: letters.set_aside(c, number, why))

    async def try_again(self, since: Instant) -> None:
        """What was set aside and came after this moment waits again."""
        await self._write(lambda c: letters.try_again(c, since))
