"""Time and identifiers, so that tests own them."""

from typing import Protocol

from vigil.domain.value import Instant


class Clock(Protocol):
    """Where every time and identifier comes from.

    1. ``now`` is timezone-aware UTC.
    2. ``elapsed`` never runs backwards and ignores changes of the wall clock.
    3. ``new_id`` never gives the same twice and sorts roughly by time.
    """

    def now(self) -> Instant:
        """The wall clock."""
        ...

    def elapsed(self) -> float:
        """Seconds since some fixed moment."""
        ...

    def new_id(self) -> str:
        """A short unique identifier, fit for a URL and a log line."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...
