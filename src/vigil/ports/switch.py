"""The stop switch, which every part reads for itself."""

from typing import Protocol

from vigil.domain.switch import SwitchState


class Switch(Protocol):
    """One record that worker and runner both read.

    1. A record that is missing, unreadable or odd reads as stopped.
    2. ``set`` is atomic: no reader ever sees half of it.
    """

    def read(self) -> SwitchState:
        """What it says now; cheap enough to ask before every action."""
        ...

    def set(self, state: SwitchState) -> None:
        """Turn it."""
        ...
