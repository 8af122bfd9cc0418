"""Incidents: what is known of them, and a person's answer to a plan."""

from typing import Annotated

from fastapi import FastAPI, Query, Response

from vigil.domain.verdict import Answer
from vigil.engine import Engine
from vigil.web.routes_api import SAID_IN_SCHEMA, Attempt, IncidentId, errors
from vigil.web.views import (
    AnswerTaken,
    AnswerToPlan,
    CancelOrder,
    Incidents,
    OneIncident,
    PlanJudged,
    ProofFound,
    Timeline,
    TimelineEvent,
)

PAGE = 1000
"""Events in one answer."""
MOST_SEQ = 2**31 - 1

Limit = Annotated[int, Query(ge=1, le=1000)]
After = Annotated[int, Query(ge=0, le=MOST_SEQ, description="Only events after this number.")]


def add_incident_routes(app: FastAPI, engine: Engine) -> None:
    """/api/incidents and below."""

    @app.get("/api/incidents", dependencies=SAID_IN_SCHEMA, responses=errors())
    async def incidents(limit: Limit = 100) -> Incidents:
        """The newest incidents."""
        return Incidents(incidents=await engine.incidents(limit))

    @app.get("/api/incidents/{incident}", dependencies=SAID_IN_SCHEMA, responses=errors(404))
    async def incident(incident: IncidentId) -> OneIncident:
        """One incident and its seconds per stage."""
        found = await engine.incident(incident)
        course = await engine.course(incident)
        now = engine.now()
        return OneIncident(incident=found, stages=course.seconds(found, now))

    @app.get(
        "/api/incidents/{incident}/timeline", dependencies=SAID_IN_SCHEMA, responses=errors(404)
    )
    async def timeline(incident: IncidentId, after: After = 0) -> Timeline:
        """What happened, oldest first."""
        events = await engine.timeline(incident, after)
        page = tuple(TimelineEvent.of(event) for event in events[:PAGE])
        return Timeline(events=page, more=len(events) > PAGE)

    @app.get("/api/incidents/{incident}/plan", dependencies=SAID_IN_SCHEMA, responses=errors(404))
    async def plan(incident: IncidentId, attempt: Attempt = None) -> PlanJudged:
        """The plan to read before answering it."""
        judged = await engine.judged(incident, attempt)
        if judged is None:
            return PlanJudged(plan=None, digest=None, verdict=None)
        return PlanJudged(plan=judged.plan, digest=judged.plan.digest, verdict=judged.verdict)

    @app.get("/api/incidents/{incident}/proof", dependencies=SAID_IN_SCHEMA, responses=errors(404))
    async def proof(incident: IncidentId, attempt: Attempt = None) -> ProofFound:
        """What verification looked at and found, and the account of it."""
        return ProofFound(
            proof=await engine.proof(incident, attempt),
            account=await engine.account(incident, attempt),
        )

    _add_answer_routes(app, engine)


def _add_answer_routes(app: FastAPI, engine: Engine) -> None:
    answers = {**errors(404), 409: {"model": AnswerTaken}}

    async def take(incident: str, given: AnswerToPlan, answer: Answer) -> AnswerTaken:
        await engine.incident(incident)
        decided = await engine.answer(incident, given.plan_digest, answer, given.by)
        return AnswerTaken(won=decided.won, text=decided.text)

    @app.post(
        "/api/incidents/{incident}/approve",
        dependencies=SAID_IN_SCHEMA,
        responses=answers,
    )
    async def approve(incident: IncidentId, given: AnswerToPlan, response: Response) -> AnswerTaken:
        """Let the plan that waits run; 409 when it no longer waits for this."""
        taken = await take(incident, given, Answer.APPROVED)
        response.status_code = 200 if taken.won else 409
        return taken

    @app.post(
        "/api/incidents/{incident}/reject",
        dependencies=SAID_IN_SCHEMA,
        responses=answers,
    )
    async def reject(incident: IncidentId, given: AnswerToPlan, response: Response) -> AnswerTaken:
        """Do not let it run; 409 when it no longer waits for this."""
        taken = await take(incident, given, Answer.REJECTED)
        response.status_code = 200 if taken.won else 409
        return taken

    @app.post(
        "/api/incidents/{incident}/cancel",
        dependencies=SAID_IN_SCHEMA,
        responses=answers,
    )
    async def cancel(incident: IncidentId, given: CancelOrder, response: Response) -> AnswerTaken:
        """Take the incident in hand: Vigil begins nothing more; 409 when it is too late."""
        decided = await engine.cancel(incident, given.by, given.reason)
        response.status_code = 200 if decided.won else 409
        return AnswerTaken(won=decided.won, text=decided.text)
