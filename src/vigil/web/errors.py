"""From what went wrong to an answer: the one place where an error becomes a status."""

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from vigil.domain.errors import ChainBroken, NotFound, TemporaryError
from vigil.web.answers import Refusal

log = structlog.get_logger()

MOST_MISTAKES = 5
HINTS = {
    400: "send a JSON body as /openapi.json describes it",
    404: "/openapi.json lists what there is",
    405: "/openapi.json lists what each path can do",
}


def add_error_handlers(app: FastAPI) -> None:
    """Every error leaves in the one shape, and none of them tells about the inside."""

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        found = error.errors()[:MOST_MISTAKES]
        what = "; ".join(f"{'.'.join(map(str, m['loc']))}: {m['msg']}" for m in found)
        return Refusal(422, what, "correct the request; /openapi.json describes it").answer()

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        hint = HINTS.get(error.status_code, "see /openapi.json")
        return Refusal(error.status_code, str(error.detail), hint, error.headers or {}).answer()

    @app.exception_handler(NotFound)
    async def missing(_: Request, error: NotFound) -> JSONResponse:
        return Refusal(404, str(error), "GET /api/incidents lists what there is").answer()

    @app.exception_handler(TemporaryError)
    async def unavailable(_: Request, error: TemporaryError) -> JSONResponse:
        log.warning("part unavailable", error=str(error))
        hint = "try again in a moment; GET /ready tells which part it is"
        return Refusal(503, "a part of Vigil did not answer", hint, {"retry-after": "2"}).answer()

    @app.exception_handler(ChainBroken)
    async def broken(_: Request, error: ChainBroken) -> JSONResponse:
        log.error("record does not verify", error=str(error))
        what = "the record of this incident is not what Vigil wrote"
        return Refusal(500, what, "run `vigil audit verify` and keep the database").answer()

    @app.exception_handler(Exception)
    async def bug(_: Request, error: Exception) -> JSONResponse:
        log.error("request failed", exc_info=error)
        hint = "look for the request's x-request-id in Vigil's log"
        return Refusal(500, "Vigil failed on this request", hint).answer()
