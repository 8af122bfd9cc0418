"""What one listener has not heard yet, and all listeners of this process."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Callable, Iterable

from vigil.domain.news import Gap, News
from vigil.ports.bus import MOST_UNHEARD


class Mailbox:
    """One word per incident, the newest; filled in any thread, emptied by one task."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._news: dict[str, News] = {}
        self._missed = True
        self._wake: Callable[[], object] = _nobody

    def put(self, news: Iterable[News]) -> None:
        """Add; what does not fit any more is missed, and with it everything."""
        with self._lock:
            for one in news:
                before = self._news.get(one.incident)
                if before is None or before.version < one.version:
                    self._news[one.incident] = one
            if len(self._news) > MOST_UNHEARD:
                self._news, self._missed = {}, True
            self._ring()

    def miss(self) -> None:
        """Something may have been missed; what waits here is part of it."""
        with self._lock:
            self._news, self._missed = {}, True
            self._ring()

    async def take(self) -> tuple[News, ...] | None:
        """All that waits, or None when something was missed; waits until there is either."""
        loop, filled = asyncio.get_running_loop(), asyncio.Event()
        while True:
            with self._lock:
                missed, news = self._missed, tuple(self._news.values())
                if missed or news:
                    self._news, self._missed, self._wake = {}, False, _nobody
                    return None if missed else news
                self._wake = lambda: loop.call_soon_threadsafe(filled.set)
            await filled.wait()
            filled.clear()

    def _ring(self) -> None:
        # A loop that is closed has nobody in it who waits.
        with contextlib.suppress(RuntimeError):
            self._wake()


class Listeners:
    """Everybody in this process who wants to hear."""

    def __init__(self, *, all_heard: bool) -> None:
        self._all_heard = all_heard
        self._boxes: set[Mailbox] = set()
        self._lock = threading.Lock()

    def tell(self, news: Iterable[News]) -> None:
        """Put it where each listener finds it."""
        told = tuple(news)
        for box in self._present():
            box.put(told)

    def missed(self, *, all_heard: bool) -> None:
        """Everybody may have missed something, and hears this much from here on."""
        self._all_heard = all_heard
        for box in self._present():
            box.miss()

    async def listen(self) -> AsyncGenerator[News | Gap, None]:
        """Words as they come."""
        box = Mailbox()
        with self._lock:
            self._boxes.add(box)
        try:
            while True:
                news = await box.take()
                if news is None:
                    yield Gap(all_heard=self._all_heard)
                    continue
                for one in news:
                    yield one
        finally:
            with self._lock:
                self._boxes.discard(box)

    def _present(self) -> tuple[Mailbox, ...]:
        with self._lock:
            return tuple(self._boxes)


def _nobody() -> None:
    """Nobody waits."""
