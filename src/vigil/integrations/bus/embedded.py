"""The bus within one process: nothing is behind it, so nothing can be away."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable

from vigil.domain.course import Course
from vigil.domain.news import Gap, News
from vigil.domain.run import Health
from vigil.integrations.bus.buckets import Buckets
from vigil.integrations.bus.mailbox import Listeners
from vigil.integrations.bus.shelf import Shelf


class EmbeddedBus:
    """Fulfils ``ports.bus.Bus``. ``alone``: no other process writes to the record.

    Where others do, listeners are told that they do not hear them, and look for themselves.
    """

    def __init__(self, elapsed: Callable[[], float], *, alone: bool) -> None:
        self._alone = alone
        self._listeners = Listeners(all_heard=alone)
        self._buckets = Buckets(elapsed)
        self._shelf = Shelf()

    @property
    def background(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        """Nothing has to run beside the engine."""
        return ()

    def announce(self, news: Iterable[News]) -> None:
        """Tell the listeners here."""
        self._listeners.tell(news)

    def listen(self) -> AsyncGenerator[News | Gap, None]:
        """Words as they come."""
        return self._listeners.listen()

    async def room(self, source: str, wanted: int, rate: float, burst: int) -> int:
        """By this process's own buckets."""
        return self._buckets.take(source, wanted, rate, burst)

    async def remembered(self, news: News, read: Callable[[], Awaitable[Course]]) -> Course:
        """From the shelf, or read and put there."""
        course = self._shelf.get(news)
        if course is None:
            course = await read()
            self._shelf.put(news, course)
        return course

    async def try_out(self) -> Health:
        """There is nothing to be tried."""
        return await self.health()

    async def health(self) -> Health:
        """Always well; says what it cannot do."""
        others = "" if self._alone else "; consoles look for changes of other workers themselves"
        return Health(part="bus", ok=True, text=f"within this process{others}")
