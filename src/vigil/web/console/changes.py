"""Telling pages that something has changed, so that they fetch it; what it is stands on the page.

The record is looked at when the bus has word of a change, and again and again while somebody
listens: whatever process wrote to it, and whatever was missed, the next look sees it.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterator, Mapping

import structlog

from vigil.domain.errors import TemporaryError
from vigil.domain.news import Gap
from vigil.engine import Engine

log = structlog.get_logger()

LOOK_S = 0.5
"""How often the switch is looked at while somebody listens, and the record where nobody announces
what other processes write to it."""
SLOW_LOOK_S = 5.0
"""How often the record is looked at where every change is announced: a word may be lost."""
SPACING_S = 0.1
"""Between two looks, however much is announced."""
ALIVE_S = 10.0
"""A listener hears at least this often, so that a page notices when it hears no more."""
MOST_HEADS = 200
"""Open incidents, and newest ones, that are watched: those that the list shows."""
MOST_LISTENERS = 32
"""Open streams at once; each page that is in view holds one connection."""
STREAM_S = 600.0
"""After this a stream ends; its page asks for another one, and the door looks at it again."""

Seen = Mapping[str, int | str]
"""The number of each incident's newest event, and under ``SWITCH`` what the stop switch says."""
SWITCH = "switch"


class Changes:
    """What is seen now, for everybody who listens; nobody's slowness holds up another.

    Everything ends when ``stopping`` is set, so that no open page keeps the process from ending.
    """

    def __init__(self, engine: Engine, stopping: asyncio.Event) -> None:
        self._engine = engine
        self._stopping = stopping
        self._seen: Seen = {}
        self._heads: dict[str, int] = {}
        self._news = asyncio.Event()
        self._due = asyncio.Event()
        self._patience_s = LOOK_S
        self._look_again_at = 0.0
        self._listeners = 0
        self._looking: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def seat(self) -> Iterator[bool]:
        """Room for one listener, or False when all seats are taken; while one is, Vigil looks."""
        if self._listeners >= MOST_LISTENERS:
            yield False
            return
        self._listeners += 1
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            yield True
        finally:
            self._listeners -= 1
            if self._listeners == 0:
                self._looking.cancel()

    async def listen(self) -> AsyncGenerator[Seen, None]:
        """First everything, then what is new; an empty one says that there is nothing new."""
        ends = asyncio.get_running_loop().time() + STREAM_S
        before: Seen = {}
        while self._looks() and asyncio.get_running_loop().time() < ends:
            now = self._seen
            new = {key: value for key, value in now.items() if before.get(key) != value}
            before = now
            if new:
                yield new
            if now is self._seen and not await self._wait_for_news():
                yield {}

    def _looks(self) -> bool:
        """Whether there will be news: not when the process ends, nor when looking has failed."""
        return self._looking is not None and not self._looking.done()

    async def _wait_for_news(self) -> bool:
        try:
            async with asyncio.timeout(ALIVE_S):
                await self._news.wait()
        except TimeoutError:
            return False
        return True

    async def _look(self) -> None:
        ears = [asyncio.create_task(listen()) for listen in (self._hear, self._hear_the_end)]
        self._due.set()
        try:
            while not self._stopping.is_set():
                await self._look_once()
                await self._until_due()
        finally:
            for ear in ears:
                ear.cancel()
            # Once this has ended, so that whoever wakes sees it.
            asyncio.get_running_loop().call_soon(self._tell)

    async def _look_once(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._due.is_set() or now >= self._look_again_at:
            # Before looking: what is announced meanwhile may come too late for this look.
            self._due.clear()
            try:
                heads = await self._engine.heads(MOST_HEADS)
            except TemporaryError as error:
                log.warning("changes not seen", error=str(error))
                self._look_again_at = now
                return
            self._heads = {head.incident: head.seq for head in heads}
            self._look_again_at = now + self._patience_s
        switch = self._engine.switch().model_dump_json()
        seen: Seen = {**self._heads, SWITCH: switch}
        if seen != self._seen:
            self._seen = seen
            self._tell()

    async def _until_due(self) -> None:
        await asyncio.sleep(SPACING_S)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S - SPACING_S):
                await self._due.wait()

    async def _hear(self) -> None:
        self._patience_s = LOOK_S
        if self._engine.bus is None:
            return
        async with contextlib.aclosing(self._engine.bus.listen()) as words:
            async for word in words:
                if isinstance(word, Gap):
                    self._patience_s = SLOW_LOOK_S if word.all_heard else LOOK_S
                    self._due.set()
                elif self._heads.get(word.incident, 0) < word.seq:
                    self._due.set()

    async def _hear_the_end(self) -> None:
        await self._stopping.wait()
        self._due.set()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
