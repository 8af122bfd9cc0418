"""`vigil serve`: one process that hears, decides and answers, and beside it the runner."""

import asyncio
import fcntl
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import structlog
import typer

from vigil.children import tied_to_us
from vigil.cli.logs import log_as_json
from vigil.cli.words import CONSOLE_HOST, complain, told
from vigil.domain.errors import LockHeld
from vigil.settings import Settings, load_settings

log = structlog.get_logger()

RESTART_S = 1.0
"""Pause before a runner that ended is started again."""
STOP_S = 40.0
"""How long a runner may take to end the action under way."""


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
    with told():
        settings = load_settings()
        changes = {"vigil_config": config, "vigil_port": port}
        settings = settings.model_copy(
            update={name: value for name, value in changes.items() if value is not None}
        )
        asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    from vigil.bootstrap import SHIPPED_RUNBOOKS, build
    from vigil.cli.runbooks import ingest
    from vigil.web.access import Access
    from vigil.web.app import create_app
    from vigil.web.server import listen, serve_on

    # The port first: a second Vigil must end before it takes up anything of the first.
    with (
        _only_one(settings.vigil_state_dir),
        listen(settings.vigil_host, settings.vigil_port) as listener,
    ):
        installation = build(settings)
        await ingest(settings.vigil_runbooks or SHIPPED_RUNBOOKS, installation.memory)
        if installation.credentials.new_token:
            complain(
                f"Access token, shown this once: {installation.credentials.new_token}\n"
                "Keep it as VIGIL_TOKEN for the command line."
            )
        complain(f"Console: http://{CONSOLE_HOST}:{settings.vigil_port}/")
        access = Access(
            token_hash=installation.credentials.token_hash,
            session_key=installation.credentials.session_key,
            allowed_hosts=_hosts(settings),
        )
        stopping = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        runner = asyncio.create_task(_keep_runner(settings))
        await installation.engine.start()
        try:
            await serve_on(
                create_app(installation.engine, access, stopping=stopping), listener, stopping
            )
        finally:
            await installation.engine.stop()
            runner.cancel()
            await asyncio.gather(runner, return_exceptions=True)


@contextmanager
def _only_one(state: Path) -> Iterator[None]:
    """One Vigil on one state folder; the lock goes with the process, however that ends."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (state / "serve.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockHeld(
                f"another Vigil runs on {state}; end it, or give this one another VIGIL_STATE_DIR"
            ) from None
        yield


def _hosts(settings: Settings) -> tuple[str, ...]:
    """What the Host header may say: loopback names, the address bound to, and those given."""
    given = [h.strip() for h in settings.vigil_allowed_hosts.split(",") if h.strip()]
    names = ["127.0.0.1", "localhost", CONSOLE_HOST, "[::1]", settings.vigil_host]
    with_port = [f"{name}:{settings.vigil_port}" for name in names]
    return tuple(dict.fromkeys([*with_port, *given]))


async def _keep_runner(settings: Settings) -> None:
    """The runner is a process of its own; it is started again when it ends, and ends with us."""
    while True:
        process = await asyncio.create_subprocess_exec(
            *tied_to_us(),
            sys.executable,
            "-m",
            "vigil",
            "runner",
            "--config",
            str(settings.vigil_config.absolute()),
            "--state",
            str(settings.vigil_state_dir.absolute()),
            env={"PATH": os.defpath, "HOME": str(Path.home())},
            stdin=asyncio.subprocess.DEVNULL,
            # Ctrl-C is for this process, which then ends the runner in order.
            start_new_session=True,
        )
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            process.terminate()
            async with asyncio.timeout(STOP_S):
                await process.wait()
            raise
        log.error("runner ended", exit_code=code, again_in_s=RESTART_S)
        await asyncio.sleep(RESTART_S)
