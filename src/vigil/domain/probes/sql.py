"""A read-only query gives one number."""

from typing import Literal

from vigil.domain.probes.base import ProbeSpec


class SqlProbe(ProbeSpec):
    """A read-only query gives one number that is at most ``max``."""

    kind: Literal["sql"]
    dsn: str
    query: str
    max: float
    means: Literal["database_lock"] | None = None
    """The failure type that this probe's failing points to."""
