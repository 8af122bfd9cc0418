"""The stop switch, which every part reads for itself."""

from typing import Protocol

from vigil.domain.switch import SwitchState


class Switch(Protocol):
    """One record that worker and runner both read.

    1. A record that is missing, unreadable or odd reads as stopped.
    2. ``set`` is atomic: no reader ever sees half of it.
    3. Where workers of several machines share one record, what is turned on one machine is turned
       on all within a second, also by somebody who reached no more than its file. A stop holds on
       its own machine at once. Of two who turn it at the same time the one who stops wins, and who
       stops at once before who stops; a file that says nothing has no say.
    4. A stop that came while somebody let Vigil act again is never undone by that, however slow it
       is: ``set`` then gives the stop.
    """

    def read(self) -> SwitchState:
        """What it says now; cheap enough to ask before every action."""
        ...

    def set(self, state: SwitchState) -> SwitchState:
        """Turn it; what it says then."""
        ...
