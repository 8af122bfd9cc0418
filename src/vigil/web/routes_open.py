"""What everybody who reaches the port may ask: whether Vigil is alive, ready, and its counts."""

import asyncio

from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from vigil.domain.run import Health
from vigil.engine import Engine
from vigil.web.console.pages import wants_page
from vigil.web.console.routes import Home
from vigil.web.intake_counts import IntakeCounts
from vigil.web.metrics import Metrics
from vigil.web.tally import Tally
from vigil.web.views import Alive, Ready, Welcome
from vigil.web.work_counts import WorkCounts


class OneAtATime:
    """Looks at all parts once for all who ask meanwhile, as a look starts real checks."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._looking: asyncio.Task[tuple[Health, ...]] | None = None

    async def health(self) -> tuple[Health, ...]:
        """The look under way, or a new one; an impatient client does not end it for the others."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._engine.health())
        return await asyncio.shield(self._looking)


def add_open_routes(app: FastAPI, engine: Engine, metrics: Metrics, home: Home) -> None:
    """/, /health, /ready and /metrics; ``home`` is what a person gets at /."""
    parts = OneAtATime(engine)
    tally, intake_counts = Tally(engine, metrics), IntakeCounts(engine, metrics)
    work_counts = WorkCounts(engine, metrics)

    @app.get("/", response_model=Welcome)
    async def welcome(request: Request) -> Welcome | Response:
        """Where to go from here; a browser gets the console."""
        if wants_page(request):
            return await home(request)
        return Welcome(name="vigil", api="/openapi.json", alive="/health", ready="/ready")

    @app.get("/health")
    async def health() -> Alive:
        """Whether this process answers."""
        return Alive(alive=True)

    @app.get("/ready", responses={503: {"model": Ready}})
    async def ready(response: Response) -> Ready:
        """Whether every vital part works; for each that does not, why and what to do."""
        found = await parts.health()
        answer = Ready(ready=not any(part.missed for part in found), parts=found)
        response.status_code = 200 if answer.ready else 503
        return answer

    @app.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def counts() -> Response:
        """Counts in the Prometheus text format."""
        await tally.look()
        await intake_counts.look()
        await work_counts.look()
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)
