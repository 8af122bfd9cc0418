"""A query of PromQL gives a number within bounds."""

from typing import Literal, Self

from pydantic import Field, FiniteFloat, model_validator

from vigil.domain.probes.base import HttpUrl, ProbeSpec
from vigil.domain.verbs.base import Absolute


class PromqlProbe(ProbeSpec):
    """What a Prometheus answers to ``query`` now is one number, at least ``min``, at most ``max``.

    Or whatever speaks its HTTP API: Thanos, Mimir, VictoriaMetrics.
    """

    kind: Literal["promql"]
    url: HttpUrl
    """Of the server; ``/api/v1/query`` is added."""
    query: str = Field(min_length=1, max_length=2000)
    min: FiniteFloat | None = None
    max: FiniteFloat | None = None
    token_file: Absolute | None = None
    """A file whose one line is sent as a bearer token."""

    @model_validator(mode="after")
    def _has_bounds(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("give min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is above max")
        return self
