"""Who holds up whom in a database."""

from typing import Protocol

from vigil.domain.telemetry import BlockingSession


class Sessions(Protocol):
    """Looks at the sessions of the databases that services of the catalogue use.

    1. ``None`` means that it cannot be known now (nobody said where to look, no answer, no right to
       see it), within three seconds; it never means that nobody is held up.
    2. Those are given that others wait for, directly or behind one another, and that themselves
       wait for nobody; at most 20, those that hold up most first.
    3. It reads no data and takes no lock, and of what sessions do nothing is quoted but the name of
       their application.
    """

    async def holding_up(self, service: str) -> tuple[BlockingSession, ...] | None:
        """The sessions, anybody's, that others wait for in the database of a service."""
        ...
