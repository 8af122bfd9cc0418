"""The bus over Redis: what it shares between processes it also does alone, while Redis is away."""

import zlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable

from vigil.domain.course import Course
from vigil.domain.news import Gap, News
from vigil.domain.run import Health
from vigil.integrations.bus.address import read_address
from vigil.integrations.bus.buckets import Buckets
from vigil.integrations.bus.contact import Contact
from vigil.integrations.bus.line import FAILURES, Line, reason
from vigil.integrations.bus.mailbox import Listeners
from vigil.integrations.bus.shared_bucket import draw
from vigil.integrations.bus.shelf import Shelf
from vigil.integrations.bus.wire import MOST_COURSE_BYTES, remembered, to_remember

MOST_COURSES = 4096
"""Places for courses in Redis, of 4 KiB at most: 16 MiB for one installation."""
COURSE_TTL_S = 3600


class RedisBus:
    """Fulfils ``ports.bus.Bus`` while the loops in ``background`` are kept going.

    ``installation`` keeps those apart that share a Redis; ``alone``: no other process writes to
    the record.
    """

    def __init__(
        self, url: str, installation: str, elapsed: Callable[[], float], *, alone: bool
    ) -> None:
        self._prefix = f"vigil:{installation}:"
        self._line = Line(read_address(url))
        self._listeners = Listeners(all_heard=alone)
        self._contact = Contact(self._line, self._prefix, self._listeners, alone=alone)
        self._buckets = Buckets(elapsed)
        self._shelf = Shelf()

    @property
    def background(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        """What has to run beside the engine."""
        return (self._contact.hear_others, self._contact.tell_others)

    def announce(self, news: Iterable[News]) -> None:
        """Tell the listeners here at once, and others as soon as it can be done."""
        announced = tuple(news)
        self._listeners.tell(announced)
        self._contact.outgoing.put(announced)

    def listen(self) -> AsyncGenerator[News | Gap, None]:
        """Words as they come, from here and from others."""
        return self._listeners.listen()

    async def room(self, source: str, wanted: int, rate: float, burst: int) -> int:
        """By the bucket in Redis, or by this process's own."""
        key = f"{self._prefix}room:{source}"
        given = await self._line.ask(lambda redis: draw(redis, key, wanted, rate, burst))
        if not isinstance(given, int) or not 0 <= given <= wanted:
            return self._buckets.take(source, wanted, rate, burst)
        # Kept in step, so that the own bucket is not full when Redis goes away.
        self._buckets.take(source, given, rate, burst)
        return given

    async def remembered(self, news: News, read: Callable[[], Awaitable[Course]]) -> Course:
        """From the shelf here, from Redis, or read and put into both."""
        course = self._shelf.get(news)
        if course is None:
            course = await self._from_others(news)
            if course is None:
                course = await read()
                await self._to_others(news, course)
            self._shelf.put(news, course)
        return course

    async def _from_others(self, news: News) -> Course | None:
        place = self._place(news)
        # One byte more than there may be: what is longer arrives cut, and is refused.
        data = await self._line.ask(lambda redis: redis.getrange(place, 0, MOST_COURSE_BYTES))
        return remembered(data, news)

    async def _to_others(self, news: News, course: Course) -> None:
        place, entry = self._place(news), to_remember(news, course)
        if entry is not None:
            await self._line.ask(lambda redis: redis.set(place, entry, ex=COURSE_TTL_S))

    def _place(self, news: News) -> str:
        """Incidents share a fixed number of places, so that they never fill Redis."""
        return f"{self._prefix}course:{zlib.crc32(news.incident.encode()) % MOST_COURSES}"

    async def try_out(self) -> Health:
        """Ask Redis once, without the loops, and hang up."""
        try:
            await self._contact.try_out()
            self._contact.trouble = None
        except FAILURES as error:
            self._contact.trouble = reason(error)
        await self._line.close()
        return await self.health()

    async def health(self) -> Health:
        """Not well without Redis, though nothing is lost meanwhile."""
        place, trouble = f"Redis at {self._line.address}", self._contact.trouble
        if trouble is None:
            return Health(part="bus", ok=True, text=f"{place} answers")
        return Health(
            part="bus",
            ok=False,
            vital=False,
            text=f"{place}: {trouble}. Nothing is lost: meanwhile consoles look at the record "
            "themselves, and each worker keeps to rate limits alone",
            remedy="start that Redis, or correct REDIS_URL; Vigil comes back to it by itself",
        )
