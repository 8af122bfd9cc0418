"""The door: every request passes it before any route is chosen.

What is not named here as open needs the token or a session, so a route that is added later is
closed until somebody opens it.
"""

import math
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from vigil.ports.clock import Clock
from vigil.web.access import COOKIE, Access, Session
from vigil.web.answers import Refusal
from vigil.web.body import read_body, replayed
from vigil.web.form import fields
from vigil.web.tries import Tries

SAFE = frozenset({"GET", "HEAD"})
OPEN = frozenset(
    {
        *("/", "/health", "/ready", "/metrics"),
        *("/static/console.css", "/static/console.js", "/static/console.svg"),
    }
)
"""May be read by everybody who can reach the port; none of them holds anything of an incident,
except that `/` shows the console to whoever has a session."""
SESSION = "/api/session"
LOGIN = "/console/login"
FORMS = "/console/"
"""Where the forms of pages go: their CSRF token comes as a field, as a form sends no header."""
WEBHOOKS = "/webhooks/"
"""Each source authenticates its deliveries by its own secret."""

MOST_WEBHOOK_BYTES = 1024 * 1024
MOST_API_BYTES = 64 * 1024

SHOW_TOKEN = "send the header 'Authorization: Bearer TOKEN' with the token of the first start"  # noqa: S105 - a hint, no token
OWN_SITE = frozenset({"same-origin", "none"})
"""What a browser says of a request that no other site caused."""
DEFAULT_PORTS = {"http": 80, "https": 443}


class Door:
    """Host, origin, token or session with its CSRF token, and the length of the body.

    ``tell`` makes the answer to whoever is not let in.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        access: Access,
        tries: Tries,
        clock: Clock,
        tell: Callable[[Request, Refusal], Response],
    ) -> None:
        self._app = app
        self._access = access
        self._tries = tries
        self._clock = clock
        self._tell = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let in, or answer why not."""
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] != "http":
            return await send({"type": "websocket.close", "code": 1008})
        request = Request(scope)
        refusal = self._refusal(request)
        if refusal is not None:
            return await self._tell(request, refusal)(scope, receive, send)
        headers = Headers(scope=scope)
        most = MOST_WEBHOOK_BYTES if scope["path"].startswith(WEBHOOKS) else MOST_API_BYTES
        body = await read_body(receive, headers.get("content-length"), most)
        if isinstance(body, Refusal):
            return await self._tell(request, body)(scope, receive, send)
        refusal = self._unproven_form(request, body)
        if refusal is not None:
            return await self._tell(request, refusal)(scope, receive, send)
        return await self._app(scope, replayed(body, receive), send)

    def _refusal(self, request: Request) -> Refusal | None:
        hosts = request.headers.getlist("host")
        if len(hosts) != 1 or not self._access.knows_host(hosts[0]):
            return Refusal(
                421,
                "this is not a name of this Vigil",
                "use the address that `vigil serve` listens on, or add the name to "
                "VIGIL_ALLOWED_HOSTS",
            )
        # The path that routes are matched with, not one read from a URL put together again.
        path, safe = request.scope["path"], request.method in SAFE
        if not safe and (refusal := _foreign(request, hosts[0])):
            return refusal
        if path.startswith(WEBHOOKS) or path in {SESSION, LOGIN} or (safe and path in OPEN):
            return None
        return self._unknown_person(request, safe=safe)

    def _unknown_person(self, request: Request, *, safe: bool) -> Refusal | None:
        given = request.headers.getlist("authorization")
        if given:
            address = request.client.host if request.client else ""
            token = given[0] if len(given) == 1 else ""
            return check_token(
                _bearer(token), address, access=self._access, tries=self._tries, clock=self._clock
            )
        session = session_of(request, self._access, self._clock)
        if session is None:
            return _stranger("this needs the access token, or a session that has not ended")
        return _bad_session_request(request, session, safe=safe)

    def _unproven_form(self, request: Request, body: bytes) -> Refusal | None:
        """A form by session whose CSRF token, now that it has been read, is not the session's."""
        path = request.scope["path"]
        if request.method in SAFE or not path.startswith(FORMS) or path == LOGIN:
            return None
        if "authorization" in request.headers:
            return None
        session = session_of(request, self._access, self._clock)
        given = (fields(request.headers.get("content-type", ""), body) or {}).get("csrf", "")
        if session is not None and session.proves(given):
            return None
        return Refusal(
            403, "this form is not one that Vigil gave to this session", "load the page again"
        )


def session_of(request: Request, access: Access, clock: Clock) -> Session | None:
    """The session that the request's cookie opens."""
    cookie = request.cookies.get(COOKIE)
    return access.session(cookie, clock.now()) if cookie else None


def from_elsewhere(request: Request) -> bool:
    """Whether a browser says that a page of another site, or none of ours, caused this request."""
    return not all(site in OWN_SITE for site in request.headers.getlist("sec-fetch-site"))


def check_token(
    token: str, address: str, *, access: Access, tries: Tries, clock: Clock
) -> Refusal | None:
    """None for the token, always: wrong ones must not lock out whoever has the right one.

    Beyond the bound a wrong one is answered 429, and a client that keeps guessing is told to wait.
    It is compared all the same: what keeps guessing hopeless is that the token is random and long.
    """
    if access.is_token(token):
        return None
    wait = tries.wait_s(address, clock.elapsed())
    if wait > 0:
        seconds = str(math.ceil(wait))
        hint = f"wait {seconds} s and use the right token"
        return Refusal(429, "too many wrong tokens from here", hint, {"retry-after": seconds})
    tries.wrong(address, clock.elapsed())
    return _stranger("the access token is wrong")


def _stranger(what: str) -> Refusal:
    return Refusal(401, what, SHOW_TOKEN, {"www-authenticate": "Bearer"})


def _bearer(header: str) -> str:
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _bad_session_request(request: Request, session: Session, *, safe: bool) -> Refusal | None:
    """A browser sends the cookie by itself: what it says of where the request came from counts."""
    if safe:
        return _from_elsewhere(request)
    if "origin" not in request.headers:
        return Refusal(
            403, "a change by session needs the Origin header", "browsers send it; others: token"
        )
    given = request.headers.get("x-csrf-token", "")
    # A form's token is in its body, which has not been read yet.
    if not request.scope["path"].startswith(FORMS) and not session.proves(given):
        return Refusal(
            403,
            "the header X-CSRF-Token is missing or not this session's",
            f"send the 'csrf' that POST {SESSION} answered",
        )
    return None


def _foreign(request: Request, host: str) -> Refusal | None:
    """A change that another site's page asks for; programs send neither of these headers."""
    own = _place(f"{request.scope['scheme']}://{host}")
    for origin in request.headers.getlist("origin"):
        if own is None or _place(origin) != own:
            return Refusal(
                403, "this request comes from a page of another site", "use Vigil's own address"
            )
    return _from_elsewhere(request)


def _from_elsewhere(request: Request) -> Refusal | None:
    if not from_elsewhere(request):
        return None
    return Refusal(403, "another site caused this request", "use Vigil's own address")


def _place(url: str) -> tuple[str, str, int | None] | None:
    """Scheme, host and port; None for 'null' and for anything that is not an origin."""
    try:
        parts = urlsplit(url.lower())
        port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname else None
