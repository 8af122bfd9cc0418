"""A probe: one look from the user's side, and the three answers it can give.

What each kind looks at stands in a file of its own below `probes/`; journeys in `journey.py`.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, FiniteFloat

from vigil.domain.journey import JourneyProbe, JourneyStep, PageExpectation
from vigil.domain.probes.base import HttpUrl
from vigil.domain.probes.command import CommandProbe
from vigil.domain.probes.dns import DnsProbe
from vigil.domain.probes.http import Expectation, HttpProbe, HttpStep
from vigil.domain.probes.log import LogProbe
from vigil.domain.probes.performance import PerformanceProbe
from vigil.domain.probes.process import ProcessProbe
from vigil.domain.probes.promql import PromqlProbe
from vigil.domain.probes.queue import QueueProbe
from vigil.domain.probes.redis import RedisMeasure, RedisProbe
from vigil.domain.probes.sql import SqlProbe
from vigil.domain.probes.tcp import TcpProbe
from vigil.domain.probes.tls import TlsProbe
from vigil.domain.value import Instant, Name, Sha256, Value

__all__ = [
    "CommandProbe",
    "DnsProbe",
    "Expectation",
    "HttpProbe",
    "HttpStep",
    "HttpUrl",
    "JourneyProbe",
    "JourneyStep",
    "LogProbe",
    "PageExpectation",
    "PerformanceProbe",
    "Probe",
    "ProbeOutcome",
    "ProbeRef",
    "ProbeResult",
    "ProcessProbe",
    "PromqlProbe",
    "QueueProbe",
    "RedisMeasure",
    "RedisProbe",
    "SqlProbe",
    "TcpProbe",
    "TlsProbe",
]


class ProbeOutcome(StrEnum):
    """What a probe saw."""

    PASSING = "passing"
    FAILING = "failing"
    UNKNOWN = "unknown"
    """The probe itself could not look; never counts as healthy."""


Probe = Annotated[
    CommandProbe
    | DnsProbe
    | HttpProbe
    | JourneyProbe
    | LogProbe
    | PerformanceProbe
    | ProcessProbe
    | PromqlProbe
    | QueueProbe
    | RedisProbe
    | SqlProbe
    | TcpProbe
    | TlsProbe,
    Field(discriminator="kind"),
]


class ProbeRef(Value):
    """A probe by its place in the catalogue."""

    service: Name
    probe: Name

    def __str__(self) -> str:
        return f"{self.service}/{self.probe}"


def _not_measured(value: float | None) -> bool:
    return value is None


class ProbeResult(Value):
    """One look: what was seen, how long it took, and one sentence of evidence."""

    ref: ProbeRef
    outcome: ProbeOutcome
    text: str
    seconds: float
    at: Instant
    screenshot: Sha256 | None = None
    """Digest of the picture of the page where a journey ended."""
    # Left out where there is none: what is on record reads and hashes as it did before.
    value: FiniteFloat | None = Field(default=None, exclude_if=_not_measured)
    """What was measured, in the unit of its kind; None: nothing was, or nobody could."""
    usual: FiniteFloat | None = Field(default=None, exclude_if=_not_measured)
    """What it was in former looks; None where nobody compares, or there were too few."""

    @property
    def passes(self) -> bool:
        """All is well; a look that saw nothing does not say so."""
        return self.outcome is ProbeOutcome.PASSING

    @property
    def fails(self) -> bool:
        """Something is not well; a look that saw nothing does not say so either."""
        return self.outcome is ProbeOutcome.FAILING
