"""Making pages: one environment that escapes everything, and the headers that a page needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from vigil.domain.alert import source_name
from vigil.domain.scrub import without_control
from vigil.domain.switch import SwitchState
from vigil.web.answers import SECURITY_HEADERS, Refusal
from vigil.web.console import words
from vigil.web.console.told import LIKELY
from vigil.web.door import SAFE, from_elsewhere

PAGE_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        **SECURITY_HEADERS,
        "content-security-policy": (
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
            "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        ),
        # Under 'no-referrer' a browser says 'Origin: null' of a form, and the door refuses it.
        "referrer-policy": "same-origin",
    }
)
HINTS: Mapping[int, str] = MappingProxyType(
    {
        401: "Sign in with the access token that the first start of Vigil printed.",
        404: "The list of incidents shows what there is.",
        405: "Go back to the list of incidents.",
        422: "Go back, correct the form and send it again.",
    }
)


@dataclass(frozen=True)
class Visitor:
    """Who looks at a page: what its forms carry, and the name they gave. Without a session (a
    program with the token) a page has no forms.
    """

    csrf: str | None
    name: str
    switch: SwitchState


def page(name: str, visitor: Visitor | None, status: int = 200, **content: object) -> HTMLResponse:
    """The page of a template."""
    text = TEMPLATES.get_template(name).render(visitor=visitor, **content)
    return HTMLResponse(text, status_code=status, headers=dict(PAGE_HEADERS))


def refused(request: Request, refusal: Refusal) -> Response:
    """A refusal as a page for a browser that asked for one, and as JSON for everybody else."""
    if not wants_page(request):
        return refusal.answer()
    safe = request.method in SAFE
    path = str(request.scope["path"])
    answer = page(
        "refused.html",
        None,
        refusal.status,
        what=refusal.what,
        hint=HINTS.get(refusal.status, refusal.next),
        path=path,
        sign_in=refusal.status == 401,  # noqa: PLR2004 - the status that says so
        # The cookie is not sent when another site's link led here, and is when our own does.
        again=safe and from_elsewhere(request),
        back=path if safe else "/",
    )
    answer.headers.update(refusal.headers)
    return answer


def wants_page(request: Request) -> bool:
    """A browser at one of the console's places; programs get JSON wherever they ask."""
    path = request.scope["path"]
    if path != "/" and not path.startswith("/console"):
        return False
    asked = _asked_for(request.headers.get("accept", ""))
    return asked.get("text/html", 0) > 0 and asked["text/html"] >= asked.get("application/json", 0)


def _asked_for(accept: str) -> dict[str, float]:
    """Media types and how much they are wanted, 0 to 1; an odd wish is none."""
    found: dict[str, float] = {}
    for wish in accept.lower().split(","):
        kind, _, rest = wish.partition(";")
        name, _, value = rest.replace(" ", "").partition("=")
        try:
            found[kind.strip()] = float(value) if name == "q" else 1.0
        except ValueError:
            found[kind.strip()] = 0.0
    return found


def _plain(value: object) -> object:
    """Everything that is written passes here: whoever it comes from, it cannot move the cursor of
    whoever copies it, nor turn the direction of the text around it.
    """
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return without_control(value)
    return value


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("vigil.web.console"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_plain,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(
        age=words.age,
        span=words.span,
        until=words.until,
        source=source_name,
        spaced=words.spaced,
        short=words.short,
        clock=words.clock_time,
        day=words.day_and_time,
    )
    made.globals.update(
        STAGES=words.STAGES,
        OUTCOMES=words.OUTCOMES,
        LOOKS=words.LOOKS,
        NO_PROOF=words.NO_PROOF,
        ROLES=words.ROLES,
        BECAME=words.BECAME,
        LIKELY=LIKELY,
    )
    return made


TEMPLATES = _environment()
