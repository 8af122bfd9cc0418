"""Around every request: its id, the common headers, one line in the log, one count."""

import secrets

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vigil.ports.clock import Clock
from vigil.web.answers import SECURITY_HEADERS
from vigil.web.metrics import Metrics

log = structlog.get_logger()

METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


class Frame:
    """The outermost part. Neither path nor query is logged: the route's template says enough."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, clock: Clock) -> None:
        self._app = app
        self._metrics = metrics
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and watch the answer go by."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        request_id = secrets.token_hex(8)
        started = self._clock.elapsed()
        # An exception is turned into an answer further out than this.
        status = 500

        async def framed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                # A page needs more than the nothing that every other answer may do.
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                headers["x-request-id"] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, framed)
            finally:
                method = scope["method"] if scope["method"] in METHODS else "other"
                route = getattr(scope.get("route"), "path", "-")
                self._metrics.requests.labels(method, route, status).inc()
                milliseconds = round((self._clock.elapsed() - started) * 1000, 1)
                log.info("request", method=method, route=route, status=status, ms=milliseconds)
        return None
