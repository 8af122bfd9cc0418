"""``http.*``: requests to a service that its owner has written down."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints

from vigil.domain.effects import EffectKind
from vigil.domain.value import Name, Value
from vigil.domain.verbs.base import NAME, Absolute, Argument, BaseGrant, Place, Verb
from vigil.domain.verbs.places import web_server

Url = Annotated[
    str,
    StringConstraints(pattern=r"^https?://[A-Za-z0-9][\x21\x23-\x3f\x41-\x7e]*$", max_length=1024),
]
"""Without user and password, which have a file of their own."""


class Request(Value):
    """One request, whole: a call brings nothing to it but its key."""

    method: Literal["POST", "PUT", "PATCH", "DELETE"] = "POST"
    url: Url
    body: JsonValue = None
    """Sent as JSON; none sends nothing."""
    token_file: Absolute | None = None
    """A file whose one line is sent as a bearer token."""
    ok: tuple[Annotated[int, Field(ge=200, le=299)], ...] = (200, 201, 202, 204)
    """The statuses that mean that it was done."""
    once: bool = False
    """Whether the receiver does a request with the same ``Idempotency-Key`` only once."""

    @property
    def shown(self) -> str:
        """For people; what stands behind a question mark may be nobody's business."""
        return f"{self.method} {self.url.partition('?')[0]}"


class HttpCallGrant(BaseGrant):
    """``http.call``: send one of these ``requests``, whole as it stands."""

    verb: Literal["http.call"]
    requests: dict[Name, Request] = Field(min_length=1, max_length=50)

    def places(self, arguments: Sequence[str]) -> tuple[Place, ...]:
        # The receiver, as what one request does another one may take back.
        known = [self.requests[name] for name in arguments if name in self.requests]
        return tuple(("server", web_server(request.url)) for request in known)


VERBS = (
    Verb(
        grant=HttpCallGrant,
        kind=EffectKind.DISRUPTIVE,
        arguments=(Argument(name="request", pattern=NAME),),
        resource="http:{grant}/{request}",
        reason="sends a request that the service's owner has written down",
        undo="another request of the grant, if its owner wrote one down",
        again="the Idempotency-Key, for a receiver that keeps to it; otherwise nobody can know",
    ),
)
