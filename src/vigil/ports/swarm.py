"""Send many users through a service at once, each with a real browser session of its own."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from vigil.domain.journey import JourneyProbe
from vigil.domain.swarm import Stop, SwarmProgress, SwarmReport, SwarmSpec

Watch = Callable[[SwarmProgress], Awaitable[Stop | None]]
"""Asked about once a second while a swarm is under way: how does the service bear it?"""


class Swarm(Protocol):
    """A crowd that stops before it does harm.

    1. Every session is a new user: it has no cookies or storage of another one.
    2. Sessions are begun no faster than ``spec.rate``, slower at first, and after they were held
       they go on no faster either, and slower while the service takes longer for it than for the
       first of them. Never more than ``spec.sessions`` are open.
    3. A step that does not go as the journey says ends its session as ``failed``; a browser that
       ended makes its sessions ``lost``. Neither touches the others, and the counts add up.
    4. It ends early when ``watch`` says so or could not look, when its own sessions show that the
       service suffers, and when its time or its memory is over; it says which.
    5. No session reaches anything but the origins of its journey.
    6. No text holds a value that a step fills in.
    7. When ``run`` returns, is cancelled, or its process is killed, no browser is left.
    8. With ``hold_before``, nobody takes that step before every session that is still there has
       come to it.
    9. A journey that needs what the browsers lack is not begun.
    10. One at a time: another one waits for its turn, for as long as it may take itself.
    """

    async def run(self, spec: SwarmSpec, journey: JourneyProbe, watch: Watch) -> SwarmReport:
        """Send them through; never raises for what a service, a page or a browser does."""
        ...
