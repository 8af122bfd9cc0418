"""From what went wrong to an answer: the one place where an error becomes a status."""

from collections.abc import Callable

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from vigil.domain.errors import ChainBroken, NotFound, TemporaryError
from vigil.web.answers import Refusal

log = structlog.get_logger()

Tell = Callable[[Request, Refusal], Response]
"""Makes the answer in a form that whoever asks can read."""

MOST_MISTAKES = 5
HINTS = {
    400: "send a JSON body as /openapi.json describes it",
    404: "/openapi.json lists what there is",
    405: "/openapi.json lists what each path can do",
}


def add_error_handlers(app: FastAPI, tell: Tell) -> None:
    """Every error leaves in the one shape, and none of them tells about the inside."""

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        found = error.errors()[:MOST_MISTAKES]
        what = "; ".join(f"{'.'.join(map(str, m['loc']))}: {m['msg']}" for m in found)
        return tell(request, Refusal(422, what, "correct the request; /openapi.json describes it"))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        hint = HINTS.get(error.status_code, "see /openapi.json")
        return tell(
            request, Refusal(error.status_code, str(error.detail), hint, error.headers or {})
        )

    @app.exception_handler(NotFound)
    async def missing(request: Request, error: NotFound) -> Response:
        return tell(request, Refusal(404, str(error), "GET /api/incidents lists what there is"))

    @app.exception_handler(TemporaryError)
    async def unavailable(request: Request, error: TemporaryError) -> Response:
        log.warning("part unavailable", error=str(error))
        hint = "try again in a moment; GET /ready tells which part it is"
        return tell(
            request, Refusal(503, "a part of Vigil did not answer", hint, {"retry-after": "2"})
        )

    @app.exception_handler(ChainBroken)
    async def broken(request: Request, error: ChainBroken) -> Response:
        log.error("record does not verify", error=str(error))
        what = "the record of this incident is not what Vigil wrote"
        return tell(request, Refusal(500, what, "run `vigil audit verify` and keep the database"))

    @app.exception_handler(Exception)
    async def bug(request: Request, error: Exception) -> Response:
        log.error("request failed", exc_info=error)
        hint = "look for the request's x-request-id in Vigil's log"
        return tell(request, Refusal(500, "Vigil failed on this request", hint))
