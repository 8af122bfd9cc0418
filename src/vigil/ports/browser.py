"""Walk through pages as a user would."""

from collections.abc import Callable
from typing import Protocol

from vigil.domain.journey import JourneyProbe
from vigil.domain.probe import ProbeOutcome
from vigil.domain.run import Health
from vigil.domain.value import Value


class TakenStep(Value):
    """A step of a walk that is over, however it ended."""

    number: int
    """From 1."""
    text: str
    """The step in a few words, without any value that it fills in."""
    went: ProbeOutcome
    ms: float


class Walk(Value):
    """How a journey went: what was seen, and a picture (PNG) of the page where it ended."""

    outcome: ProbeOutcome
    text: str
    screenshot: bytes | None = None
    value: float | None = None
    """Milliseconds: what the last ``measure`` found, else of all steps of a walk that passed."""
    lacks: str | None = None
    """What the journey needs and this browser does not have, as half a sentence."""
    acted: bool = False
    """Of a walk that did not pass: something was sent that does not only read, such as an order."""


Heard = Callable[[TakenStep], None]
"""Told of each step as soon as it is over."""


class Browser(Protocol):
    """A real browser that runs the scripts of the pages.

    1. ``walk`` returns within ``timeout_s`` and a little, besides at most 20 s to start or reach a
       browser, and never raises; a page that hangs, a script without end and a browser that died
       are bounded and do not touch the next walk.
    2. A step that does not go as the journey says is ``failing`` and names the step; a browser that
       could not be started or reached is ``unknown``.
    3. Every walk is a new user: it has no cookies or storage of another one.
    4. ``text`` holds no value that a step fills in; a screenshot is at most 2 MiB.
    5. After ``close`` no process of it is left, nor after the end of the process that owns it,
       whatever ended that.
    6. A page never leaves the journey's origins, and reaches nothing local besides them: neither by
       a request of whatever kind, nor through a frame, a worker, a socket or a page that it opens.
    7. A journey that needs what the browser does not have is ``unknown`` and ``lacks`` says what;
       it is never ``passing``, and never held against the page. Where that shows only after
       something was sent that does not only read, nobody begins anew within the same walk.
    8. ``heard`` is told of each step that was begun, in order, as soon as it is over; from
       the first again where another browser begins anew, because the one before lacks something.
    """

    async def walk(self, journey: JourneyProbe, heard: Heard | None = None) -> Walk:
        """Walk once."""
        ...

    async def health(self) -> Health:
        """Whether a browser can be started, or reached, now."""
        ...

    async def close(self) -> None:
        """End every process."""
        ...
