"""Sessions and the stop switch."""

import asyncio

import structlog
from fastapi import FastAPI, Request, Response
from starlette.responses import JSONResponse

from vigil.domain.switch import SwitchState
from vigil.engine import Engine
from vigil.ports.clock import Clock
from vigil.web.access import COOKIE, SESSION_LIFETIME, Access, Session
from vigil.web.answers import Refusal
from vigil.web.door import SESSION, check_token
from vigil.web.routes_api import SAID_IN_SCHEMA, errors
from vigil.web.tries import Tries
from vigil.web.views import ResumeOrder, SessionOpened, StopOrder, Token

log = structlog.get_logger()

LIFETIME_S = int(SESSION_LIFETIME.total_seconds())


def add_session_route(app: FastAPI, access: Access, tries: Tries, clock: Clock) -> None:
    """POST /api/session, the one route under /api that no token in a header opens."""

    @app.post(SESSION, response_model=SessionOpened, responses=errors())
    async def open_session(
        given: Token, request: Request, response: Response
    ) -> SessionOpened | JSONResponse:
        """Make a browser session from the access token; it comes as a cookie."""
        address = request.client.host if request.client else ""
        refusal = check_token(given.token, address, access=access, tries=tries, clock=clock)
        if refusal is not None:
            return refusal.answer()
        session = access.open_session(clock.now())
        set_session_cookie(response, request, session)
        return SessionOpened(csrf=session.csrf, lifetime_s=LIFETIME_S)


def set_session_cookie(response: Response, request: Request, session: Session) -> None:
    """The cookie of a session: scripts do not see it, and other sites cannot have it sent."""
    response.set_cookie(
        COOKIE,
        session.cookie,
        max_age=LIFETIME_S,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def turn_switch(engine: Engine, state: SwitchState) -> SwitchState | Refusal:
    """What the stop switch says once it was turned, or that it could not be written."""
    try:
        return engine.turn_switch(state)
    except OSError as error:
        log.exception("the stop switch could not be written")
        reason = error.strerror or type(error).__name__
        hint = "make room on the disk of Vigil's state folder; to stop at once, end `vigil`"
        return Refusal(503, f"the stop switch could not be written: {reason}", hint)


def add_control_routes(app: FastAPI, engine: Engine) -> None:
    """/api/stop and /api/resume."""

    async def turn(state: SwitchState) -> SwitchState | JSONResponse:
        said = await asyncio.to_thread(turn_switch, engine, state)
        return said.answer() if isinstance(said, Refusal) else said

    @app.post(
        "/api/stop", response_model=SwitchState, dependencies=SAID_IN_SCHEMA, responses=errors()
    )
    async def stop(order: StopOrder) -> SwitchState | JSONResponse:
        """Stop acting between two actions, or at once."""
        return await turn(SwitchState(stopped=True, **order.model_dump()))

    @app.post(
        "/api/resume", response_model=SwitchState, dependencies=SAID_IN_SCHEMA, responses=errors()
    )
    async def resume(order: ResumeOrder) -> SwitchState | JSONResponse:
        """Act again, unless somebody stopped Vigil meanwhile: the answer is what holds."""
        return await turn(SwitchState(stopped=False, by=order.by))
