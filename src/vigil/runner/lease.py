"""How long the worker's lease still lasts, as the runner may count on."""

import time
from datetime import UTC, datetime

from vigil.domain.run import Lease
from vigil.domain.value import Instant, Value
from vigil.runner.limits import LEASE_MARGIN_S


def boot_s() -> float:
    """Seconds since this machine was started: nobody sets this clock, and it runs while it sleeps.

    A process that was stopped finds how long that was.
    """
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class TimeLeft(Value):
    """Counted by two clocks, of which the one that says less is believed.

    The wall clock alone would prolong a lease when it is set back; the own clock alone knows
    nothing of how long the order was on its way.
    """

    until: Instant
    ends_at: float
    """By the clock since the start of the machine."""

    @classmethod
    def of(cls, lease: Lease) -> "TimeLeft":
        """Of a lease that was received now."""
        return cls(until=lease.until, ends_at=boot_s() + lease.seconds)

    @property
    def seconds(self) -> float:
        """How long the lease still covers what is done, its margin left out."""
        return min(self._by_the_wall, self._by_the_boot) - LEASE_MARGIN_S

    @property
    def told(self) -> str:
        """When it ends, and what else may have brought that on than the time that went by."""
        ends = f"the worker's lease ends at {self.until.isoformat()}"
        ahead = self._by_the_boot - self._by_the_wall
        if ahead < LEASE_MARGIN_S:
            return ends
        return (
            f"{ends}; this machine's clock went {ahead:.0f} s further than the time did: "
            "it was set forwards, or the order came late"
        )

    @property
    def _by_the_wall(self) -> float:
        return (self.until - datetime.now(UTC)).total_seconds()

    @property
    def _by_the_boot(self) -> float:
        return self.ends_at - boot_s()
