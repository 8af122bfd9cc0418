"""Metrics and logs by query, read-only."""

from collections.abc import Mapping
from typing import Protocol

from vigil.domain.catalogue import Condition
from vigil.domain.telemetry import ErrorGroup, Growth, Latency, LogTemplate, Ratio, Usual
from vigil.domain.value import Instant


class Telemetry(Protocol):
    """What a service says of itself; all of it is untrusted.

    1. ``None`` means that it cannot be known now (no source, no answer, not enough samples); it
       never means zero.
    2. Counters that were reset by a restart do not make negative or huge numbers.
    3. Log lines that are not JSON, too long or broken are skipped, and bounded in number and size.
    4. Groups and templates come ordered by count, at most 50; a template has at most
       ``MOST_EXAMPLES`` examples.
    5. The start of an instance is that of its newest process. One that does not say it, or that did
       not answer when it was last asked, is left out.
    6. What is usual is made of at least ``FEWEST_WINDOWS`` windows, each with ``FEWEST_REQUESTS``
       and all before the moment; otherwise it cannot be known.
    """

    async def bad_ratio(self, service: str, condition: Condition) -> Ratio | None:
        """Bad to all requests over the condition's window."""
        ...

    async def usual(self, service: str, condition: Condition, until: Instant) -> Usual | None:
        """How the requests that a condition counts fared before a moment."""
        ...

    async def latency(
        self, service: str, since: Instant, where: Mapping[str, str]
    ) -> Latency | None:
        """Mean seconds per request since a moment and before it, of requests with these labels."""
        ...

    async def growth(self, service: str, metric: str, window_s: float) -> Growth | None:
        """How much a counter of a service grew, over all its instances."""
        ...

    async def log_errors(self, service: str, since: Instant) -> tuple[ErrorGroup, ...] | None:
        """Groups of error lines since a moment."""
        ...

    async def log_templates(self, service: str, since: Instant) -> tuple[LogTemplate, ...] | None:
        """All that its log said since a moment, as templates with counts."""
        ...

    async def started(self, service: str) -> Mapping[str, Instant] | None:
        """When each instance of a service was started; None when none of them says it."""
        ...
