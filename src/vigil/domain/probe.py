"""A probe: one look from the user's side, and the three answers it can give."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveFloat, StringConstraints, model_validator

from vigil.domain.value import Instant, Name, Sha256, Value

HttpUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$")]
Selector = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""A CSS selector."""


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
    within_s: PositiveFloat | None = None
    """The longest that the answer may take, redirects included."""


class HttpStep(Value):
    """One request; all steps of a probe share a cookie jar."""

    method: Literal["GET", "POST", "HEAD"] = "GET"
    url: HttpUrl
    form: dict[str, str] = {}
    follow: bool = False
    expect: Expectation = Expectation()


class _ProbeSpec(Value):
    timeout_s: PositiveFloat = Field(default=3.0, le=30.0)


class HttpProbe(_ProbeSpec):
    """Steps over HTTP."""

    kind: Literal["http"]
    steps: tuple[HttpStep, ...] = Field(min_length=1, max_length=20)


class TcpProbe(_ProbeSpec):
    """Something accepts connections."""

    kind: Literal["tcp"]
    host: str
    port: int = Field(ge=1, le=65535)


class RedisMeasure(StrEnum):
    """What is asked of a Redis server."""

    PING = "ping"
    LENGTH = "length"
    """How long the list ``key`` is."""
    EXISTS = "exists"
    """Whether ``key`` is there: 1 or 0."""


class RedisProbe(_ProbeSpec):
    """A Redis server answers, and what is measured of ``key`` is at most ``max``."""

    kind: Literal["redis"]
    host: str
    port: int = Field(ge=1, le=65535)
    measure: RedisMeasure = RedisMeasure.PING
    key: str | None = Field(default=None, min_length=1, max_length=512)
    max: float = 0

    @model_validator(mode="after")
    def _measures_something(self) -> Self:
        if (self.key is None) is not (self.measure is RedisMeasure.PING):
            raise ValueError("'length' and 'exists' need a key, 'ping' has none")
        return self


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


class PageExpectation(Value):
    """What the page has to show: ``text`` within the first element that ``selector`` finds, or
    ``url`` within its address.
    """

    text: str | None = Field(default=None, min_length=1, max_length=500)
    selector: Selector = "body"
    url: str | None = Field(default=None, min_length=1, max_length=500)
    within_s: PositiveFloat = Field(default=5.0, le=30.0)
    reload: bool = False
    """Load the page again and again until it shows it, as a customer who waits would."""

    @model_validator(mode="after")
    def _expects_one_thing(self) -> Self:
        if (self.text is None) is (self.url is None):
            raise ValueError("expect either a text or a url")
        return self


class JourneyStep(Value):
    """One thing that a user does, or expects to see; exactly one of the fields is given."""

    open: HttpUrl | None = None
    fill: dict[Selector, str] | None = Field(default=None, min_length=1, max_length=50)
    click: Selector | None = None
    expect: PageExpectation | None = None
    note: Selector | None = None
    """An element whose text goes into the probe's sentence, such as the order's number."""

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            known = ", ".join(type(self).model_fields)
            raise ValueError(f"a step is exactly one of: {known} (given: {len(given)})")
        return self


class JourneyProbe(_ProbeSpec):
    """A walk through pages in a real browser; a screenshot of where it ended is kept."""

    kind: Literal["journey"]
    steps: tuple[JourneyStep, ...] = Field(min_length=1, max_length=30)

    @model_validator(mode="after")
    def _begins_somewhere(self) -> Self:
        if self.steps[0].open is None:
            raise ValueError("a journey begins with `open: URL`")
        return self


Probe = Annotated[
    HttpProbe | TcpProbe | RedisProbe | SqlProbe | ProcessProbe | JourneyProbe,
    Field(discriminator="kind"),
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
    screenshot: Sha256 | None = None
    """Digest of the picture of the page where a journey ended."""
