"""Durable segments."""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Protocol

from vigil.domain.run import Health


class Segment(StrEnum):
    """The four letters; an incident that waits between two of them is only rows."""

    ORIENT = "orient"
    DECIDE = "decide"
    ACT = "act"
    CLOSE = "close"


RunSegment = Callable[[Segment, str, int], Awaitable[None]]
"""(segment, incident, attempt): does the segment; may be called again for the same."""

GiveUp = Callable[[str, Exception], Awaitable[None]]
"""(incident, error): the segment failed for good."""


class Workflow(Protocol):
    """Runs segments to their end, across crashes.

    1. ``start`` with the same (segment, incident, attempt) again starts nothing new while that
       segment is under way, or once it came to its end.
    2. A segment whose process died is run again from its start by the next process.
    3. A segment that raises a ``TemporaryError`` is run again later, a bounded number of times;
       after the last, ``give_up`` is called.
    4. ``start`` runs a segment from its start again when its history is lost, or when it failed
       without an end, giving up included.
    """

    async def launch(self, run: RunSegment, give_up: GiveUp) -> None:
        """Begin to run segments, those a former process left included."""
        ...

    async def start(self, segment: Segment, incident: str, attempt: int) -> None:
        """Ask for a segment to be run."""
        ...

    async def shutdown(self) -> None:
        """Stop taking up segments; those under way are taken up by the next process."""
        ...

    async def health(self) -> Health:
        """Whether segments can be run."""
        ...
