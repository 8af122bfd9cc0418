"""`vigil serve`: one process that hears, decides and answers, and beside it the runner."""

import asyncio
import socket
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vigil import flock, state_folder
from vigil.cli.endings import told_to_end, waiting_for_no_thread
from vigil.cli.logs import log_as_json
from vigil.cli.words import CONSOLE_HOST, complain, told
from vigil.settings import Settings, load_settings

if TYPE_CHECKING:
    from vigil.engine import Engine
    from vigil.web.access import Access


def serve(
    config: Annotated[
        Path | None, typer.Option("--config", help="The service catalogue.", show_default=False)
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", help="Port to listen on.", show_default=False)
    ] = None,
) -> None:
    """Run Vigil: watch the services of the catalogue and hear alerts, until told to stop."""
    log_as_json()
    with waiting_for_no_thread(), told():
        settings = load_settings()
        changes = {"vigil_config": config, "vigil_port": port}
        settings = settings.model_copy(
            update={name: value for name, value in changes.items() if value is not None}
        )
        asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    from vigil.bootstrap import (
        SHIPPED_RUNBOOKS,
        build,
        new_worker,
        runner_folder,
        sole_process,
    )
    from vigil.cli.hands import runner_at
    from vigil.cli.runbooks import ingest
    from vigil.web.server import listen

    me = new_worker("serve")
    # The port first: a second Vigil must end before it takes up anything of the first.
    with (
        _only_one(settings.vigil_state_dir),
        listen(settings.vigil_host, settings.vigil_port) as listener,
        sole_process(settings),
    ):
        installation = build(settings, me)
        await ingest(settings.vigil_runbooks or SHIPPED_RUNBOOKS, installation.memory)
        access = _access(settings)
        complain(f"Console: http://{CONSOLE_HOST}:{settings.vigil_port}/")
        engine, told_to = installation.engine, told_to_end(settings.vigil_drain_s)
        async with runner_at(runner_folder(settings, me), settings):
            await engine.start()
            try:
                async with _answering(engine, access, listener) as answering:
                    await _first(told_to.wait(), answering)
                    await engine.drain(settings.vigil_drain_s)
            finally:
                await engine.stop()
        await engine.leave()


@asynccontextmanager
async def _answering(
    engine: "Engine", access: "Access", listener: socket.socket
) -> "AsyncIterator[asyncio.Task[None]]":
    """HTTP is served within; what ends it early is raised at the end."""
    from vigil.web.app import create_app
    from vigil.web.server import serve_on

    stopping = asyncio.Event()
    app = create_app(engine, access, stopping=stopping)
    serving = asyncio.create_task(serve_on(app, listener, stopping))
    try:
        yield serving
    finally:
        stopping.set()
        await serving


async def _first(told: Coroutine[Any, Any, Any], answering: "asyncio.Task[None]") -> None:
    """Until somebody says to end, or nobody can be answered any more."""
    waiting = asyncio.create_task(told)
    await asyncio.wait({waiting, answering}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()


def _access(settings: Settings) -> "Access":
    from vigil.bootstrap import open_access
    from vigil.web.access import Access

    credentials = open_access(settings)
    if credentials.new_token:
        complain(
            f"Access token, shown this once: {credentials.new_token}\n"
            "Keep it as VIGIL_TOKEN for the command line."
        )
    return Access(
        token_hash=credentials.token_hash,
        session_key=credentials.session_key,
        allowed_hosts=_hosts(settings),
    )


@contextmanager
def _only_one(state: Path) -> Iterator[None]:
    """One Vigil on one state folder; the lock goes with the process, however that ends."""
    state_folder.own(state)
    taken = f"another Vigil runs on {state}; end it, or give this one another VIGIL_STATE_DIR"
    with flock.locked(state / "serve.lock", taken):
        yield


def _hosts(settings: Settings) -> tuple[str, ...]:
    """What the Host header may say: loopback names, the address bound to, and those given."""
    given = [h.strip() for h in settings.vigil_allowed_hosts.split(",") if h.strip()]
    names = ["127.0.0.1", "localhost", CONSOLE_HOST, "[::1]", settings.vigil_host]
    with_port = [f"{name}:{settings.vigil_port}" for name in names]
    return tuple(dict.fromkeys([*with_port, *given]))
