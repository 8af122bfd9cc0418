"""What the adapters of this package stand on: each call is one transaction, in a thread."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlalchemy import Connection, Engine

from vigil.domain.news import News
from vigil.integrations._clients.database import read, write
from vigil.integrations.journal.keys import Keys
from vigil.integrations.journal.news import with_news

Result = TypeVar("Result")


class OnRecord:
    """A caller that is cancelled may find later that its call was done.

    A transaction under way is not torn apart. ``announce`` is told, in any thread, of each incident
    that was changed.
    """

    def __init__(
        self,
        engine: Engine,
        keys: Keys,
        announce: Callable[[Sequence[News]], None] = lambda _: None,
    ) -> None:
        self._engine = engine
        self._keys = keys
        self._announce = announce

    async def _write(self, work: Callable[[Connection], Result]) -> Result:
        return await asyncio.to_thread(self._write_and_tell, work)

    def _write_and_tell(self, work: Callable[[Connection], Result]) -> Result:
        """In the thread, as whoever asked for it may have been cancelled meanwhile."""
        result, news = write(self._engine, lambda c: with_news(c, work))
        if news:
            self._announce(news)
        return result

    async def _read(self, work: Callable[[Connection], Result]) -> Result:
        return await asyncio.to_thread(read, self._engine, work)
