"""A Redis server answers, and a list is not too long or a key not there."""

from enum import StrEnum
from typing import Literal, Self

from pydantic import Field, model_validator

from vigil.domain.probes.base import ProbeSpec
from vigil.domain.verbs.base import Absolute


class RedisMeasure(StrEnum):
    """What is asked of a Redis server."""

    PING = "ping"
    LENGTH = "length"
    """How long the list ``key`` is."""
    EXISTS = "exists"
    """Whether ``key`` is there: 1 or 0."""


class InRedis(ProbeSpec):
    """Something in one database of a Redis server."""

    host: str
    port: int = Field(ge=1, le=65535)
    db: int = Field(default=0, ge=0, le=1023)
    password_file: Absolute | None = None
    """A file whose one line is the password; it may be one of somebody who only reads."""


class RedisProbe(InRedis):
    """A Redis server answers, and what is measured of ``key`` is at most ``max``."""

    kind: Literal["redis"]
    measure: RedisMeasure = RedisMeasure.PING
    key: str | None = Field(default=None, min_length=1, max_length=512)
    max: float = 0

    @model_validator(mode="after")
    def _measures_something(self) -> Self:
        if (self.key is None) is not (self.measure is RedisMeasure.PING):
            raise ValueError("'length' and 'exists' need a key, 'ping' has none")
        return self
