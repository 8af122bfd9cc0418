"""A recurrence: trouble that was proven fixed, and came back soon after."""

from vigil.domain.runbook import Record
from vigil.domain.value import Instant, Value

MINUTE_S, HOUR_S = 60.0, 3600.0
EXACT_S, SHORT_S = 120.0, 7200.0
"""Up to here seconds are told, and up to here minutes."""


class Recurrence(Value):
    """The same symptom of the same service again, within the time that its cure was watched.

    It is on record with both incidents, and with each of them once.
    """

    incident: str
    """The new one."""
    former: str
    attempt: int
    """Of the former incident: whose proof no longer counts."""
    at: Instant
    """When that was known."""
    after_s: float
    """From the end of the former incident until it was back; never below 0."""
    runbook: str | None = None
    """What the former plan came from."""
    record: Record | None = None
    """That runbook's record here since then; None where none moved."""
    seen: tuple[str, ...] = ()
    """What Vigil itself saw afterwards, as sentences; empty where a source was faster."""

    @property
    def told_of_the_former(self) -> str:
        """For the timeline of the incident that was thought to be over."""
        return (
            f"It came back after {lasting(self.after_s)}, as incident {self.incident}: what was "
            "proven here no longer counts as proven."
        )

    @property
    def told_of_the_new(self) -> str:
        """For the timeline of the incident in which it came back."""
        text = f"It came back {lasting(self.after_s)} after incident {self.former} was proven fixed"
        seen = f": {' '.join(self.seen)}" if self.seen else "."
        return f"{text}{seen} {self._what_follows}"

    @property
    def _what_follows(self) -> str:
        if self.runbook is None:
            return "That proof no longer counts, and nothing of it is undone by itself."
        record = (
            f" (proven {self.record.successes} of {self.record.trials} times here now)"
            if self.record
            else ""
        )
        return (
            f"That proof no longer counts for runbook {self.runbook}{record}, which is not used "
            "again for this without a person, and nothing of it is undone by itself."
        )


def lasting(seconds: float) -> str:
    """A time as people say it."""
    if seconds < EXACT_S:
        return f"{seconds:.0f} s"
    if seconds < SHORT_S:
        return f"{seconds / MINUTE_S:.0f} min"
    return f"{seconds / HOUR_S:.0f} h"
