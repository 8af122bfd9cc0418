"""The web application: pages, their errors, and what is measured about them."""

import logging
import time
from http import HTTPStatus
from pathlib import Path

import psycopg
import redis
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import logs, metrics, settings
from .baskets import Baskets
from .connections import pool_for_pages
from .pages import Pages
from .storage import Session, Storage

log = logging.getLogger("shop.web")
UNMEASURED = ("/metrics", "/healthz")


class Measured:
    """Counts and logs each request by its route, whatever came of it."""

    def __init__(self, app: ASGIApp, routes: dict[object, str]) -> None:
        self._app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in UNMEASURED:
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = HTTPStatus.INTERNAL_SERVER_ERROR.value

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            self._record(scope, status, time.perf_counter() - started)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route, method = self._routes.get(scope.get("endpoint"), "other"), scope["method"]
        metrics.requests.labels(route, method, str(status)).inc()
        metrics.duration.labels(route, method).observe(seconds)
        fields = {
            "route": route,
            "method": method,
            "status": status,
            "duration_ms": round(seconds * 1000, 1),
        }
        level = logging.INFO if status < HTTPStatus.INTERNAL_SERVER_ERROR else logging.ERROR
        log.log(level, "request", extra={"fields": fields})


class Errors:
    """What a customer is told when something does not work, and what the log is told."""

    def __init__(self, pages: Pages, routes: dict[object, str]) -> None:
        self._pages = pages
        self._routes = routes

    def unavailable(self, request: Request, error: Exception) -> Response:
        self._log("dependency unavailable", request, error)
        text = "We are rather busy. Please try again in a moment."
        return self._pages.message(request, HTTPStatus.SERVICE_UNAVAILABLE, text)

    def unexpected(self, request: Request, error: Exception) -> Response:
        self._log("unhandled exception", request, error)
        text = "Something went wrong on our side. You have not been charged."
        return self._pages.message(request, HTTPStatus.INTERNAL_SERVER_ERROR, text)

    def _log(self, event: str, request: Request, error: Exception) -> None:
        route = self._routes.get(request.scope.get("endpoint"), "other")
        fields = {"route": route, "method": request.method}
        log.error(event, exc_info=error, extra={"fields": fields})


def metrics_page(request: Request) -> Response:  # noqa: ARG001 - an endpoint's signature
    return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)


def build(own: settings.Settings, session: Session) -> ASGIApp:
    pages = Pages(own.shop_name, Storage(own.tables, session), Baskets(own))
    page_routes = pages.routes()
    static = StaticFiles(directory=Path(__file__).with_name("static"))
    labels: dict[object, str] = {route.endpoint: route.path for route in page_routes}
    labels[static] = "/static"
    errors = Errors(pages, labels)

    def health(request: Request) -> Response:  # noqa: ARG001 - an endpoint's signature
        return JSONResponse({"status": "ok", "instance": own.instance, "release": own.release})

    app = Starlette(
        routes=[
            *page_routes,
            Route("/metrics", metrics_page),
            Route("/healthz", health),
            Mount("/static", static),
        ],
        exception_handlers={
            psycopg.OperationalError: errors.unavailable,
            redis.ConnectionError: errors.unavailable,
            redis.TimeoutError: errors.unavailable,
            Exception: errors.unexpected,
        },
    )
    return Measured(app, labels)


def main() -> None:
    own = settings.load()
    logs.configure(own)
    metrics.build.labels(own.release).set(1)
    log.info("started", extra={"fields": {"port": own.port}})
    with pool_for_pages(own) as pool:
        uvicorn.run(
            build(own, pool.connection),
            host="127.0.0.1",
            port=own.port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=3,
        )


if __name__ == "__main__":
    main()
