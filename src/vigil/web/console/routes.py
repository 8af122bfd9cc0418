"""The console's pages, the pictures on them, and the stream that keeps them new."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib.resources import files
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Path, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from vigil.domain.errors import NotFound
from vigil.domain.identity import sha256_hex
from vigil.engine import Engine
from vigil.web.access import Access
from vigil.web.console import dossier as dossiers
from vigil.web.console.changes import SWITCH, Changes, Seen
from vigil.web.console.listing import Listing
from vigil.web.console.pages import TEMPLATES, page
from vigil.web.console.visiting import Visiting
from vigil.web.routes_api import IncidentId

FOR_EVER = "max-age=31536000, immutable"
STATIC = {
    "console.css": "text/css",
    "console.js": "text/javascript",
    "console.svg": "image/svg+xml",
}
AGAIN_MS = 2000
"""How long a page waits before it opens a stream that broke off again."""

Digest = Annotated[str, Path(pattern=r"^sha256:[0-9a-f]{64}$")]
Home = Callable[[Request], Awaitable[Response]]


def add_console_routes(
    app: FastAPI, engine: Engine, access: Access, stopping: asyncio.Event
) -> Home:
    """All pages but `/`, whose page is given back: programs get something else there."""
    visiting = Visiting(engine, access)
    _add_files(app)
    _add_events(app, Changes(engine, stopping))
    listing = Listing(engine)

    async def home(request: Request) -> Response:
        """The list of incidents, or how to get in."""
        if visiting.session(request) is None:
            return page("login.html", None, path="/", problem=None, again=False)
        now = visiting.clock.now()
        return page(
            "incidents.html",
            visiting.visitor(request),
            groups=await listing.groups(),
            now=now,
            services=sorted(engine.parts.catalogue.services),
            hears="alertmanager" in engine.sources,
        )

    @app.get("/console/incidents/{incident}", include_in_schema=False)
    async def incident(incident: IncidentId, request: Request) -> Response:
        """One incident, whole."""
        return page(
            "incident.html",
            visiting.visitor(request),
            one=await dossiers.dossier(engine, incident),
            now=visiting.clock.now(),
        )

    @app.get("/console/incidents/{incident}/cancel", include_in_schema=False)
    async def cancel(incident: IncidentId, request: Request) -> Response:
        """What cancelling does here and now, and the form for it."""
        found = await engine.incident(incident)
        return page("cancel.html", visiting.visitor(request), incident=found)

    @app.get("/console/switch", include_in_schema=False)
    async def switch(request: Request) -> Response:
        """The stop switch, with what each way of stopping does."""
        return page("switch.html", visiting.visitor(request))

    @app.get("/screenshots/{digest}", include_in_schema=False)
    async def screenshot(digest: Digest) -> Response:
        """A picture that a journey took."""
        picture = await engine.screenshot(digest)
        if picture is None:
            raise NotFound("this picture is gone: only the newest are kept")
        headers = {"cache-control": f"private, {FOR_EVER}"}
        return Response(picture, media_type="image/png", headers=headers)

    return home


def _add_files(app: FastAPI) -> None:
    """Style and script, read once; their address changes with them, so they are kept for ever."""
    folder = files("vigil.web.console") / "static"
    contents = {name: (folder / name).read_bytes() for name in STATIC}
    TEMPLATES.globals["VERSION"] = sha256_hex(*contents.values())[:12]
    for name, content in contents.items():
        _add_file(app, name, content)


def _add_file(app: FastAPI, name: str, content: bytes) -> None:
    @app.get(f"/static/{name}", include_in_schema=False)
    async def file() -> Response:
        """What every page links."""
        headers = {"cache-control": f"public, {FOR_EVER}"}
        return Response(content, media_type=STATIC[name], headers=headers)


def _add_events(app: FastAPI, changes: Changes) -> None:
    async def seat() -> AsyncIterator[None]:
        with changes.seat() as free:
            if not free:
                raise HTTPException(503, "too many pages are open at once")
            yield

    @app.get(
        "/console/events",
        include_in_schema=False,
        response_class=EventSourceResponse,
        dependencies=[Depends(seat)],
    )
    async def events() -> AsyncIterator[ServerSentEvent]:
        """Which incidents have changed, for as long as the page is open."""
        async for new in changes.listen():
            yield _event(new)


def _event(new: Seen) -> ServerSentEvent:
    if not new:
        return ServerSentEvent(event="alive", data={})
    heads = {key: value for key, value in new.items() if key != SWITCH}
    return ServerSentEvent(
        event="changed", retry=AGAIN_MS, data={"incidents": heads, "switch": SWITCH in new}
    )
