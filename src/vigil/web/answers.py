"""What every answer has in common: the headers, and the shape of an error."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from starlette.responses import JSONResponse

from vigil.domain.scrub import without_control
from vigil.domain.value import Value

SECURITY_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "content-security-policy": (
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
        ),
        "cache-control": "no-store",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
)
MOST_TEXT = 500


class ErrorText(Value):
    """What failed and what to do next, for a person; never how Vigil works inside."""

    what: str
    next: str


class ErrorAnswer(Value):
    """The body of every answer that is an error."""

    error: ErrorText


@dataclass(frozen=True)
class Refusal:
    """A request that goes no further, as a value."""

    status: int
    what: str
    next: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def answer(self) -> JSONResponse:
        """The response. It carries the common headers itself, as it may be sent outside the frame
        that adds them.
        """
        error = ErrorAnswer(error=ErrorText(what=_plain(self.what), next=_plain(self.next)))
        return JSONResponse(
            error.model_dump(),
            status_code=self.status,
            headers={**SECURITY_HEADERS, **self.headers},
        )


def _plain(text: str) -> str:
    """Names of fields come from the request: half a surrogate pair would break the answer."""
    return without_control(text)[:MOST_TEXT]
