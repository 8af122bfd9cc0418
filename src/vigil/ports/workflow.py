"""Durable segments."""

from collections.abc import Awaitable, Callable, Collection
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

GiveUp = Callable[[Segment, str, int, Exception], Awaitable[None]]
"""(segment, incident, attempt, error): the segment failed for good."""

Living = Callable[[], Awaitable[Collection[str]]]
"""Which workers may be at work now."""


class Workflow(Protocol):
    """Runs segments to their end, across crashes.

    1. ``start`` with the same (segment, incident, attempt, turn) again starts nothing new while
       that segment is under way, or once it came to its end.
    2. A segment whose process died is run again from its start by the next process.
    3. A segment that raises a ``TemporaryError`` is run again later, a bounded number of times;
       after the last, ``give_up`` is called.
    4. ``start`` runs a segment from its start again when its history is lost, or when it failed
       without an end, giving up included.
    5. ``adopt`` has every segment that a worker other than the living ones had begun run again
       from its start, by any of them; those of the living go on undisturbed, also of one that
       began to work meanwhile. Where each process takes up its predecessor's, there is nothing to
       adopt.
    6. ``shutdown`` takes up nothing more and lets what is under way end, as long as it may; what
       has not ended by then is cut off, does nothing any more and is left to others. After it, no
       segment runs in this process.
    """

    async def launch(self, run: RunSegment, give_up: GiveUp) -> None:
        """Begin to run segments, those a former process left included."""
        ...

    async def start(self, segment: Segment, incident: str, attempt: int, turn: int = 1) -> None:
        """Ask for a segment to be run; in another turn it is run once more, on purpose."""
        ...

    async def adopt(self, living: Living) -> int:
        """Take over from all but the living; says from how many something is still left."""
        ...

    async def shutdown(self, within_s: float = 0.0) -> None:
        """Take up no more, wait for what is under way so long at most, and leave the rest."""
        ...

    async def health(self) -> Health:
        """Whether segments can be run."""
        ...
