"""Breakers of the policy: which are tripped, and a person's word that one may be closed."""

from fastapi import FastAPI, Response

from vigil.engine import Engine
from vigil.web.routes_api import SAID_IN_SCHEMA, errors
from vigil.web.views import AnswerTaken, Breakers, ResetOrder


def add_breaker_routes(app: FastAPI, engine: Engine) -> None:
    """/api/breakers and below."""

    @app.get("/api/breakers", dependencies=SAID_IN_SCHEMA, responses=errors())
    async def breakers() -> Breakers:
        """Those that are tripped now, and the incident that tripped each."""
        return Breakers(breakers=await engine.breakers())

    @app.post(
        "/api/breakers/reset",
        dependencies=SAID_IN_SCHEMA,
        responses={**errors(), 409: {"model": AnswerTaken}},
    )
    async def reset(given: ResetOrder, response: Response) -> AnswerTaken:
        """Close one; 409 when it is not tripped, or by another incident than the one named."""
        decided = await engine.reset_breaker(
            given.breaker, given.incident, by=given.by, why=given.why
        )
        response.status_code = 200 if decided.won else 409
        return AnswerTaken(won=decided.won, text=decided.text)
