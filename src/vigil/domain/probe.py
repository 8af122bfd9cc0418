"""A probe: one look from the user's side, and the three answers it can give."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, StringConstraints

from vigil.domain.value import Instant, Name, Value

HttpUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$")]


class ProbeOutcome(StrEnum):
    """What a probe saw."""

    PASSING = "passing"
    FAILING = "failing"
    UNKNOWN = "unknown"
    """The probe itself could not look; never counts as healthy."""


class Expectation(Value):
    """What an HTTP answer has to be to count as passing."""

    status: int = 200
    text: str | None = None


class HttpStep(Value):
    """One request of a journey; all steps of a probe share a cookie jar."""

    method: Literal["GET", "POST", "HEAD"] = "GET"
    url: HttpUrl
    form: dict[str, str] = {}
    follow: bool = False
    expect: Expectation = Expectation()


class _ProbeSpec(Value):
    timeout_s: PositiveFloat = Field(default=3.0, le=30.0)


class HttpProbe(_ProbeSpec):
    """A journey over HTTP."""

    kind: Literal["http"]
    steps: tuple[HttpStep, ...] = Field(min_length=1, max_length=20)


class TcpProbe(_ProbeSpec):
    """Something accepts connections."""

    kind: Literal["tcp"]
    host: str
    port: int = Field(ge=1, le=65535)


class RedisProbe(_ProbeSpec):
    """A Redis server answers PING."""

    kind: Literal["redis"]
    host: str
    port: int = Field(ge=1, le=65535)


class SqlProbe(_ProbeSpec):
    """A read-only query gives one number that is at most ``max``."""

    kind: Literal["sql"]
    dsn: str
    query: str
    max: float
    means: Literal["database_lock"] | None = None
    """The failure type that this probe's failing points to."""


class ProcessProbe(_ProbeSpec):
    """Supervisor says RUNNING of every named process."""

    kind: Literal["process"]
    supervisor: str
    names: tuple[str, ...] = Field(min_length=1)


Probe = Annotated[
    HttpProbe | TcpProbe | RedisProbe | SqlProbe | ProcessProbe, Field(discriminator="kind")
]


class ProbeRef(Value):
    """A probe by its place in the catalogue."""

    service: Name
    probe: Name

    def __str__(self) -> str:
        return f"{self.service}/{self.probe}"


class ProbeResult(Value):
    """One look: what was seen, how long it took, and one sentence of evidence."""

    ref: ProbeRef
    outcome: ProbeOutcome
    text: str
    seconds: float
    at: Instant
