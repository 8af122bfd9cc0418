"""Steps over HTTP, and what each has to answer."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, JsonValue, PositiveFloat, StringConstraints, model_validator

from vigil.domain.json_path import JsonPath
from vigil.domain.probes.base import MILLISECONDS, HttpUrl, ProbeSpec
from vigil.domain.probes.expected import Expected
from vigil.domain.value import Value

HeaderName = Annotated[
    str, StringConstraints(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", max_length=100)
]
HeaderValue = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]*$", max_length=4000)]
_SET_BY_THE_CLIENT = frozenset({"connection", "content-length", "transfer-encoding"})
"""Headers that say how a request is sent: a wrong one would make two requests of one."""


class Expectation(Value):
    """What an HTTP answer has to be to count as passing."""

    model_config = ConfigDict(allow_inf_nan=False)

    status: int = 200
    text: str | None = Field(default=None, min_length=1)
    headers: dict[HeaderName, Expected] = Field(default={}, max_length=20)
    values: dict[JsonPath, Expected] = Field(default={}, max_length=50)
    """What stands at these places of the answer, which then has to be JSON."""
    within_s: PositiveFloat | None = None
    """The longest that the answer may take, redirects included."""

    @model_validator(mode="after")
    def _headers_are_texts(self) -> Self:
        for name, each in self.headers.items():
            bounded = each.min is not None or each.max is not None
            if bounded or not isinstance(each.equals, str | None):
                raise ValueError(f"a header is a text; put what {name} has to be in quotes")
        return self


class HttpStep(Value):
    """One request; all steps of a probe share a cookie jar."""

    method: Literal["GET", "POST", "HEAD"] = "GET"
    url: HttpUrl
    headers: dict[HeaderName, HeaderValue] = Field(default={}, max_length=20)
    form: dict[str, str] = {}
    body: JsonValue = None
    """Sent as JSON; none sends nothing."""
    follow: bool = False
    expect: Expectation = Expectation()

    @model_validator(mode="after")
    def _can_be_sent(self) -> Self:
        if self.body is not None and (self.form or self.method != "POST"):
            raise ValueError("a body goes with POST, and without a form")
        if self.method == "HEAD" and self.expect.values:
            raise ValueError("an answer to HEAD has no values; ask with GET")
        if wrong := {name.lower() for name in self.headers} & _SET_BY_THE_CLIENT:
            raise ValueError(
                f"{', '.join(sorted(wrong))} cannot be given; it follows from the rest"
            )
        return self


class HttpProbe(ProbeSpec):
    """Steps over HTTP."""

    unit: ClassVar[str] = MILLISECONDS
    kind: Literal["http"]
    steps: tuple[HttpStep, ...] = Field(min_length=1, max_length=20)

    @property
    def only_reads(self) -> bool:
        """No step of it sends anything but a question."""
        return all(step.method in {"GET", "HEAD"} for step in self.steps)
