"""Who looks at a page: their session, and the name they go by."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote, unquote

from pydantic import AfterValidator, StringConstraints, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from vigil.engine import Engine
from vigil.ports.clock import Clock
from vigil.web.access import Access, Session
from vigil.web.console.pages import Visitor
from vigil.web.door import from_elsewhere, session_of
from vigil.web.views import readable

NAME_COOKIE = "vigil_name"
"""Fills in a field of forms and proves nothing: whoever has the token may give any name."""
NAME_LIFETIME_S = 365 * 86400

Who = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80),
    AfterValidator(readable),
]
"""The name under which an answer stands in the record."""
_WHO = TypeAdapter(Who)


@dataclass(frozen=True)
class Visiting:
    """Finds out who asks for a page."""

    engine: Engine
    access: Access

    @property
    def clock(self) -> Clock:
        """The engine's own."""
        return self.engine.parts.senses.clock

    def session(self, request: Request) -> Session | None:
        """None also when another site's page led here: then nothing of ours is shown."""
        return None if from_elsewhere(request) else session_of(request, self.access, self.clock)

    def visitor(self, request: Request) -> Visitor:
        """For a page that the door let somebody see."""
        session = self.session(request)
        return Visitor(
            csrf=session.csrf if session else None,
            name=name_of(request),
            switch=self.engine.switch(),
        )


def name_of(request: Request) -> str:
    """The name given before; empty when there is none, or somebody else wrote an odd one."""
    try:
        return _WHO.validate_python(unquote(request.cookies.get(NAME_COOKIE, ""), errors="strict"))
    except (ValidationError, UnicodeError):
        return ""


def remember_name(response: Response, request: Request, name: str) -> None:
    """So that nobody has to type it twice in a bad night."""
    response.set_cookie(
        NAME_COOKIE,
        quote(name),
        max_age=NAME_LIFETIME_S,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
