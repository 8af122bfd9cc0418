"""What this Vigil stands on, from its settings and from who started it."""

import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from vigil.domain.ground import Ground, Held, Server, servers_in
from vigil.integrations._clients.database.urls import file_of, is_sqlite, parse
from vigil.settings import Settings


def ground_of(settings: Settings, environment: Mapping[str, str] = os.environ) -> Ground:
    """What it would miss: record, state, Redis, browser, its own address and its own process."""
    here = socket.gethostname().lower()
    held = (
        Held(what="its state folder", path=str(settings.vigil_state_dir.absolute())),
        Held(
            what="its own address",
            server=Server(host=settings.vigil_host, port=settings.vigil_port),
        ),
        *_record(settings.database_url),
        *_at("its Redis", settings.redis_url.get_secret_value() if settings.redis_url else ""),
        *_at("its browser", _browser(settings)),
        *_supervised(environment),
    )
    return Ground(held=held, names=tuple({here, here.partition(".")[0]}))


def _record(url: str) -> Iterator[Held]:
    database = parse(url)
    if is_sqlite(database):
        file = Path(file_of(database)).absolute()
        yield Held(what="the file of its record", path=str(file))
    else:
        yield from _at("the database server of its record", url)


def _browser(settings: Settings) -> str:
    elsewhere = settings.lightpanda_ws_endpoint
    return elsewhere.get_secret_value() if elsewhere else ""


def _at(what: str, url: str) -> Iterator[Held]:
    """Host and port only: the rest may hold a password."""
    if url.startswith("unix:"):
        yield Held(what=what, path=urlsplit(url).path)
    for server in servers_in(url):
        yield Held(what=what, server=server)


def _supervised(environment: Mapping[str, str]) -> Iterator[Held]:
    """Supervisor tells each process that it starts who it is."""
    at = environment.get("SUPERVISOR_SERVER_URL", "")
    process = environment.get("SUPERVISOR_PROCESS_NAME")
    if not process:
        return
    for held in _at("its own process", at):
        yield held.model_copy(update={"process": process})
