"""The application: the routes, and around them the frame and the door."""

import asyncio

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from vigil import __doc__ as description
from vigil.engine import Engine
from vigil.web.access import Access
from vigil.web.console.pages import refused
from vigil.web.console.routes import add_console_routes
from vigil.web.console.routes_forms import add_form_routes
from vigil.web.door import Door
from vigil.web.errors import add_error_handlers
from vigil.web.frame import Frame
from vigil.web.metrics import Metrics
from vigil.web.routes_breakers import add_breaker_routes
from vigil.web.routes_control import add_control_routes, add_session_route
from vigil.web.routes_incidents import add_incident_routes
from vigil.web.routes_open import add_open_routes
from vigil.web.routes_webhooks import add_webhook_routes
from vigil.web.tries import Tries


def create_app(
    engine: Engine,
    access: Access,
    registry: CollectorRegistry | None = None,
    stopping: asyncio.Event | None = None,
) -> FastAPI:
    """The HTTP interface of one engine, which the caller starts and stops.

    ``registry`` is where the counts go, by default one of its own. Streams that are open end when
    ``stopping`` is set; otherwise they keep the server that serves them from ending.
    """
    metrics = Metrics(registry or CollectorRegistry())
    tries = Tries()
    clock = engine.parts.senses.clock
    app = FastAPI(
        title="Vigil",
        description=description or "",
        # The pages that show a schema load scripts from elsewhere; the schema itself needs a token.
        docs_url=None,
        redoc_url=None,
        # A redirect would be made from the Host header.
        redirect_slashes=False,
    )
    # Later ones are further out.
    app.add_middleware(Door, access=access, tries=tries, clock=clock, tell=refused)
    app.add_middleware(Frame, metrics=metrics, clock=clock)
    add_error_handlers(app, refused)
    home = add_console_routes(app, engine, access, stopping or asyncio.Event())
    add_form_routes(app, engine, access, tries)
    add_open_routes(app, engine, metrics, home)
    add_webhook_routes(app, engine, metrics)
    add_session_route(app, access, tries, clock)
    add_incident_routes(app, engine)
    add_breaker_routes(app, engine)
    add_control_routes(app, engine)
    return app
