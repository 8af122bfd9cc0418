"""The runner beside a worker: a process of its own, which ends with the worker that it serves."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from vigil.children import tied_to_us
from vigil.domain.switch import SWITCH_FILE
from vigil.settings import Settings

log = structlog.get_logger()

RESTART_S = 1.0
"""Pause before a runner that ended is started again."""
STOP_S = 40.0
"""How long a runner may take to end the action under way."""


@asynccontextmanager
async def runner_at(folder: Path, settings: Settings) -> AsyncIterator[None]:
    """A runner that serves ``folder`` and reads the switch of the installation; gone afterwards."""
    keeping = asyncio.create_task(_keep(folder, settings))
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def _keep(folder: Path, settings: Settings) -> None:
    """It is started again when it ends."""
    command = _command(folder, settings)
    while True:
        process = await asyncio.create_subprocess_exec(
            *tied_to_us(),
            *command,
            env=_environment(settings),
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


def _command(folder: Path, settings: Settings) -> tuple[str, ...]:
    return (
        *(sys.executable, "-m", "vigil", "runner", "--local"),
        *("--config", str(settings.vigil_config.absolute())),
        *("--state", str(folder.absolute())),
        *("--switch", str(settings.vigil_state_dir.absolute() / SWITCH_FILE)),
    )


def _environment(settings: Settings) -> dict[str, str]:
    """Nothing of ours but where the ledger is, which runners of many workers must share, for how
    long it is kept, and what makes the sandboxes.
    """
    environment = {"PATH": os.defpath, "HOME": str(Path.home())}
    environment["VIGIL_KEEP_DAYS"] = str(settings.vigil_keep_days)
    if settings.vigil_sandbox != "bubblewrap":
        environment["VIGIL_SANDBOX"] = settings.vigil_sandbox
        environment["DOCKER_HOST"] = settings.docker_host
    if settings.vigil_database_url is not None:
        environment["VIGIL_DATABASE_URL"] = settings.vigil_database_url.get_secret_value()
    return environment
