"""What this Vigil stands on, from its settings and from who started it."""

import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from vigil.domain.data_source import Server, sources_in
from vigil.domain.ground import Ground, Held
from vigil.integrations._clients.database.urls import file_of, is_sqlite, parse
from vigil.link.addresses import addresses_in
from vigil.settings import CHROMIUM, LIGHTPANDA, Settings

USUAL_PORT = 5432


def ground_of(settings: Settings, environment: Mapping[str, str] = os.environ) -> Ground:
    """What it would miss: record, state, Redis, browser, its own address and its own process."""
    here = socket.gethostname().lower()
    held = (
        Held(what="its state folder", path=str(settings.vigil_state_dir.absolute())),
        Held(
            what="its own address",
            server=Server(host=settings.vigil_host, port=settings.vigil_port),
        ),
        *_hub(settings.vigil_runner_listen),
        *_record(settings.database_url, environment),
        *_at("its Redis", settings.redis_url.get_secret_value() if settings.redis_url else ""),
        *_at("its browser", _browser(settings)),
        *_supervised(environment),
    )
    return Ground(held=held, names=tuple({here, here.partition(".")[0]}))


def _hub(listens: str | None) -> Iterator[Held]:
    for address in addresses_in(listens) if listens else ():
        server = Server(host=address.host, port=address.port)
        yield Held(what="the address that its runners connect to", server=server)


def _record(url: str, environment: Mapping[str, str]) -> Iterator[Held]:
    database = parse(url)
    if is_sqlite(database):
        file = Path(file_of(database)).absolute()
        yield Held(what="the file of its record", path=str(file))
    else:
        for source in sources_in(url):
            named = source.server or Server(host=environment.get("PGHOST", ""), port=None)
            server = named if named.port else named.model_copy(update={"port": _port(environment)})
            yield Held(
                what="the database server of its record",
                server=server,
                database=source.database or "",
            )


def _port(environment: Mapping[str, str]) -> int:
    """Where PostgreSQL listens when nobody has written it down, as the driver finds out."""
    named = environment.get("PGPORT", "")
    return int(named) if named.isdecimal() else USUAL_PORT


def _browser(settings: Settings) -> str:
    """Where it is, if somebody else runs it."""
    return "" if settings.browser in {LIGHTPANDA, CHROMIUM} else settings.browser


def _at(what: str, url: str) -> Iterator[Held]:
    """Host and port only: the rest may hold a password."""
    if url.startswith("unix:"):
        yield Held(what=what, path=urlsplit(url).path)
    for source in sources_in(url):
        yield Held(what=what, server=source.server)


def _supervised(environment: Mapping[str, str]) -> Iterator[Held]:
    """Supervisor tells each process that it starts who it is."""
    at = environment.get("SUPERVISOR_SERVER_URL", "")
    process = environment.get("SUPERVISOR_PROCESS_NAME")
    if not process:
        return
    for held in _at("its own process", at):
        yield held.model_copy(update={"process": process})
