"""The machine's own clocks and randomness."""

import asyncio
import secrets
import threading
import time
from datetime import UTC, datetime

from vigil.domain.value import Instant

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Base 32 as Crockford wrote it, in lower case: sorts like the number, has no i, l, o, u."""
_DIGITS = 10
"""Of each half: 50 bits of milliseconds last for 35,000 years, 50 bits of chance tell apart."""
_CHANCE = 1 << (5 * _DIGITS)


class SystemClock:
    """Fulfils ``ports.clock.Clock`` for one process; any number of processes may run beside it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest = (0, 0)

    def now(self) -> Instant:
        """The wall clock in UTC."""
        return datetime.now(UTC)

    def elapsed(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic()

    def new_id(self) -> str:
        """Ten characters of time, ten of chance; always the same length, so none starts another."""
        milliseconds, chance = self._next()
        return _spell(milliseconds) + _spell(chance)

    async def sleep(self, seconds: float) -> None:
        """Wait without blocking the loop."""
        await asyncio.sleep(max(seconds, 0.0))

    def _next(self) -> tuple[int, int]:
        milliseconds = time.time_ns() // 1_000_000
        with self._lock:
            before, chance = self._newest
            if milliseconds > before:
                self._newest = (milliseconds, secrets.randbelow(_CHANCE))
            elif chance + 1 < _CHANCE:
                # The same millisecond, or a wall clock that was set back: count on, so that the
                # order within this process holds.
                self._newest = (before, chance + 1)
            else:
                self._newest = (before + 1, secrets.randbelow(_CHANCE))
            return self._newest


def _spell(number: int) -> str:
    return "".join(_ALPHABET[(number >> 5 * place) & 31] for place in reversed(range(_DIGITS)))
