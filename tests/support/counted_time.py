"""Time that is counted and not waited for: what sleeps at the same time passes at the same time.

Beside ``hand_clock.py``, where every sleep moves the one hand: there two that sleep for a second
each take two.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import TypeVar

from tests.support.hand_clock import START

T = TypeVar("T")


class _Leaping(selectors.DefaultSelector):
    """Instead of waiting it says how long it would have."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """With nothing to wait for but the outside world it waits for that."""
        if timeout is None:
            return super().select(None)
        self.passed += max(timeout, 0.0)
        return super().select(0)


class CountedLoop(asyncio.SelectorEventLoop):
    """Its time goes on only when everything in it waits."""

    def __init__(self) -> None:
        self._leaping = _Leaping()
        super().__init__(self._leaping)

    def time(self) -> float:
        """Seconds since it was made."""
        return self._leaping.passed


class CountedClock:
    """Fulfils ``ports.clock.Clock`` within such a loop."""

    def __init__(self) -> None:
        self._ids = 0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.elapsed())

    def elapsed(self) -> float:
        return asyncio.get_running_loop().time()

    def new_id(self) -> str:
        self._ids += 1
        return f"{self._ids:06d}"

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def counted(doing: Coroutine[None, None, T]) -> T:
    """What it gives, as soon as the machine can."""
    with asyncio.Runner(loop_factory=CountedLoop) as runner:
        return runner.run(doing)
