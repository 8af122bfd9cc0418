"""Rate limits of this process: a bucket of tokens for each source."""

from collections import OrderedDict
from collections.abc import Callable

MOST_SOURCES = 1000
"""Buckets that are kept; the one that was not asked for longest goes first, and is full again."""


class Buckets:
    """Each fills at its rate up to its burst; whoever goes ahead takes a token."""

    def __init__(self, elapsed: Callable[[], float]) -> None:
        self._elapsed = elapsed
        self._filled: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, source: str, wanted: int, rate: float, burst: int) -> int:
        """As many tokens as there are, at most ``wanted``."""
        now = self._elapsed()
        tokens, since = self._filled.get(source, (float(burst), now))
        tokens = min(float(burst), tokens + (now - since) * rate)
        given = max(min(wanted, int(tokens)), 0)
        self._filled[source] = (tokens - given, now)
        self._filled.move_to_end(source)
        if len(self._filled) > MOST_SOURCES:
            self._filled.popitem(last=False)
        return given
