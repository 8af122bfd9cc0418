"""An afterlook: one look at a cure some time after it was proven."""

from vigil.domain.recurrence import lasting
from vigil.domain.value import Instant, Value

MOMENTS_S = (60, 300, 900, 2700, 8100, 24_300, 72_900)
"""Seconds after the end of an incident; those that are not within its time are left out."""
MOST_LOOKS = len(MOMENTS_S) + 1
"""The end of its time is one more."""


class Afterlook(Value):
    """What was seen at one of the moments at which a proven cure is looked at again.

    It is on record with the incident that was cured, so that no moment is looked at twice.
    """

    number: int
    """Of the moment, from 1 on."""
    last: bool
    """No other one follows."""
    at: Instant
    after_s: float
    """Since the incident was closed."""
    back: bool | None
    """Whether the trouble is there again; None: something could not be seen, so nobody can say."""
    seen: tuple[str, ...]
    """What was seen, as sentences: what speaks against the cure, or else that all is well."""

    @property
    def text(self) -> str:
        """What it says, as a sentence."""
        end = " Nothing further is looked at." if self.last and not self.back else ""
        return f"{lasting(self.after_s)} after it was proven: {' '.join(self.seen)}{end}"
