"""A queue is not too long, and does not only grow."""

from typing import ClassVar, Literal, Self

from pydantic import Field, NonNegativeFloat, model_validator

from vigil.domain.probes.redis import InRedis


class QueueProbe(InRedis):
    """A list, stream, sorted set or set in Redis holds at most ``max`` entries.

    Of a queue in a database, an ``sql`` probe counts the rows.
    """

    unit: ClassVar[str] = "entries"
    kind: Literal["queue"]
    key: str = Field(min_length=1, max_length=512)
    group: str | None = Field(default=None, min_length=1, max_length=512)
    """Of a stream: what this group of consumers has not confirmed yet, instead of all entries."""
    max: NonNegativeFloat
    drains_s: float | None = Field(default=None, ge=0.5, le=20.0)
    """Looks again over so many seconds: from look to look it may not only grow."""

    @model_validator(mode="after")
    def _has_time_to_drain(self) -> Self:
        if self.drains_s is not None and self.drains_s >= self.timeout_s:
            raise ValueError("timeout_s has to be longer than drains_s")
        return self
