"""A page answers quickly enough, and not only once."""

import operator
from typing import ClassVar, Literal, Self

from pydantic import Field, PositiveFloat, model_validator

from vigil.domain.probes.base import MILLISECONDS, HttpUrl, ProbeSpec


class PerformanceProbe(ProbeSpec):
    """Of some requests, half are answered within ``p50_ms`` and 95 % within ``p95_ms``.

    Nor may either be slower than it usually is, beyond chance (``domain/figures.py``).
    """

    unit: ClassVar[str] = MILLISECONDS
    long: ClassVar[bool] = True
    alone: ClassVar[bool] = True
    kind: Literal["performance"]
    url: HttpUrl
    status: int = 200
    # Left out where there is none, here and in other kinds: what was counted as this probe before
    # such a key was known is this probe still.
    text: str | None = Field(default=None, min_length=1, exclude_if=operator.not_)
    """Has to be in each answer: a page that says sorry is quick, too."""
    requests: int = Field(default=20, ge=5, le=100)
    at_once: int = Field(default=1, ge=1, le=8)
    per_s: float = Field(default=10.0, gt=0, le=50.0)
    """No more than so many are begun within a second: a probe is no load test."""
    p50_ms: PositiveFloat | None = None
    p95_ms: PositiveFloat
    timeout_s: PositiveFloat = Field(default=10.0, le=30.0)

    @property
    def budget(self) -> float | None:
        """Of 95 % of its requests."""
        return self.p95_ms

    @model_validator(mode="after")
    def _has_time_for_all(self) -> Self:
        if self.requests / self.per_s >= self.timeout_s:
            raise ValueError("timeout_s has to be longer than requests / per_s")
        return self
