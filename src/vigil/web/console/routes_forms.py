"""What the console's forms do. The door has looked at Origin and CSRF token before."""

import asyncio
from typing import Annotated, TypeVar

from fastapi import FastAPI, Request
from pydantic import StringConstraints, ValidationError
from starlette.responses import RedirectResponse, Response

from vigil.domain.switch import SwitchState
from vigil.domain.value import Sha256, Value
from vigil.domain.verdict import Answer
from vigil.engine import Engine
from vigil.ports.journal import Decided
from vigil.web.access import COOKIE, Access
from vigil.web.answers import Refusal
from vigil.web.console.pages import page, refused
from vigil.web.console.visiting import Visiting, Who, remember_name
from vigil.web.door import LOGIN, check_token
from vigil.web.form import fields
from vigil.web.routes_api import IncidentId
from vigil.web.routes_control import set_session_cookie, turn_switch
from vigil.web.tries import Tries
from vigil.web.views import Line

SEE_OTHER = 303
"""What follows is a page to look at, so that loading it again does not send the form again."""

OwnPage = Annotated[str, StringConstraints(pattern=r"^/(?:console/[A-Za-z0-9/_-]{0,100})?$")]
"""Where to go after signing in; never anywhere else."""


class _Form(Value):
    csrf: str = ""


class LoginForm(Value):
    """The access token, and the name to go by."""

    token: str
    by: str = ""
    path: OwnPage = "/"


class AnswerForm(_Form):
    """A person's answer to the plan that they have read."""

    plan_digest: Sha256
    by: Who


class CancelForm(_Form):
    """A person takes an incident in hand."""

    by: Who
    reason: Line = ""


class StopForm(_Form):
    """``now`` also kills what is running."""

    by: Who
    text: Line = ""
    now: bool


class ResumeForm(_Form):
    """Who lets Vigil act again."""

    by: Who


F = TypeVar("F", bound=Value)


def add_form_routes(app: FastAPI, engine: Engine, access: Access, tries: Tries) -> None:
    """Signing in and out, answering a plan, and the stop switch."""
    visiting = Visiting(engine, access)
    _add_session_forms(app, visiting, tries)
    _add_answer_forms(app, visiting)
    _add_switch_forms(app, visiting)


async def _read(request: Request, kind: type[F]) -> F | Refusal:
    """The form, or what is wrong with it in the words of the first mistake."""
    found = fields(request.headers.get("content-type", ""), await request.body())
    if found is None:
        return Refusal(422, "this is not a form", "load the page again")
    try:
        return kind.model_validate(found)
    except ValidationError as error:
        mistake = error.errors(include_input=False)[0]
        name = ".".join(map(str, mistake["loc"]))
        what = _MISSING.get(name) or f"{name}: {mistake['msg']}"
        return Refusal(422, what, "correct the form and send it again")


_MISSING = {"by": "the name is missing, or too long: the record says who decided"}


def _add_session_forms(app: FastAPI, visiting: Visiting, tries: Tries) -> None:
    access, clock = visiting.access, visiting.clock

    @app.post(LOGIN, include_in_schema=False)
    async def login(request: Request) -> Response:
        """A session for whoever has the token."""
        form = await _read(request, LoginForm)
        if isinstance(form, Refusal):
            return refused(request, form)
        address = request.client.host if request.client else ""
        refusal = check_token(form.token.strip(), address, access=access, tries=tries, clock=clock)
        if refusal is not None:
            problem = f"{refusal.what}".capitalize() + "."
            answer: Response = page(
                "login.html", None, refusal.status, path=form.path, problem=problem, again=False
            )
            answer.headers.update(refusal.headers)
            return answer
        answer = RedirectResponse(form.path, SEE_OTHER)
        set_session_cookie(answer, request, access.open_session(clock.now()))
        _remember(answer, request, form.by)
        return answer

    @app.post("/console/logout", include_in_schema=False)
    async def logout(request: Request) -> Response:
        """The session ends, here and wherever its cookie was copied to."""
        session = visiting.session(request)
        if session is not None:
            access.end_session(session)
        answer = RedirectResponse("/", SEE_OTHER)
        answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
        return answer


def _remember(answer: Response, request: Request, name: str) -> None:
    """A name given at the door is a convenience: an odd one is left out, not refused."""
    try:
        known = ResumeForm(by=name)
    except ValidationError:
        return
    remember_name(answer, request, known.by)


def _add_answer_forms(app: FastAPI, visiting: Visiting) -> None:
    engine = visiting.engine

    async def answer(incident: str, request: Request, given: Answer) -> Response:
        form = await _read(request, AnswerForm)
        if isinstance(form, Refusal):
            return refused(request, form)
        found = await engine.incident(incident)
        decided = await engine.answer(found.id, form.plan_digest, given, form.by)
        return told(found.id, request, form.by, decided, f"the plan to be {given}")

    def told(incident: str, request: Request, by: str, decided: Decided, wish: str) -> Response:
        here = f"/console/incidents/{incident}"
        if decided.won:
            done: Response = RedirectResponse(here, SEE_OTHER)
        else:
            visitor = visiting.visitor(request)
            done = page("answered.html", visitor, 409, wish=wish, text=decided.text, here=here)
        remember_name(done, request, by)
        return done

    @app.post("/console/incidents/{incident}/approve", include_in_schema=False)
    async def approve(incident: IncidentId, request: Request) -> Response:
        """Let exactly this plan run."""
        return await answer(incident, request, Answer.APPROVED)

    @app.post("/console/incidents/{incident}/reject", include_in_schema=False)
    async def reject(incident: IncidentId, request: Request) -> Response:
        """Do not let it run."""
        return await answer(incident, request, Answer.REJECTED)

    @app.post("/console/incidents/{incident}/cancel", include_in_schema=False)
    async def cancel(incident: IncidentId, request: Request) -> Response:
        """Take the incident in hand."""
        form = await _read(request, CancelForm)
        if isinstance(form, Refusal):
            return refused(request, form)
        decided = await engine.cancel(incident, form.by, form.reason)
        return told(incident, request, form.by, decided, "Vigil's work on it to be cancelled")


def _add_switch_forms(app: FastAPI, visiting: Visiting) -> None:
    async def turn(request: Request, state: SwitchState) -> Response:
        said = await asyncio.to_thread(turn_switch, visiting.engine, state)
        if isinstance(said, Refusal):
            return refused(request, said)
        done = RedirectResponse("/console/switch", SEE_OTHER)
        remember_name(done, request, state.by)
        return done

    @app.post("/console/stop", include_in_schema=False)
    async def stop(request: Request) -> Response:
        """Stop acting between two actions, or at once."""
        form = await _read(request, StopForm)
        if isinstance(form, Refusal):
            return refused(request, form)
        state = SwitchState(stopped=True, now=form.now, text=form.text, by=form.by)
        return await turn(request, state)

    @app.post("/console/resume", include_in_schema=False)
    async def resume(request: Request) -> Response:
        """Act again."""
        form = await _read(request, ResumeForm)
        if isinstance(form, Refusal):
            return refused(request, form)
        return await turn(request, SwitchState(stopped=False, by=form.by))
