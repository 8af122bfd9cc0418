"""`vigil worker`: one more process that does the work, on a record that several share."""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import structlog
import typer

from vigil import flock, state_folder
from vigil.cli.endings import told_to_end, waiting_for_no_thread
from vigil.cli.logs import log_as_json
from vigil.cli.words import complain, told
from vigil.settings import Settings, load_settings

log = structlog.get_logger()

LOCKS = ("worker.lock", "runner.lock")
"""Held by the worker and by its runner as long as each of them lives."""
MAKING_S = 10.0
"""How long others may take that make their folders; each of them takes milliseconds."""


def worker(
    config: Annotated[
        Path | None, typer.Option("--config", help="The service catalogue.", show_default=False)
    ] = None,
) -> None:
    """Do what `vigil serve` does, without HTTP, beside others on one record in PostgreSQL."""
    log_as_json()
    with waiting_for_no_thread(), told():
        settings = load_settings()
        if config is not None:
            settings = settings.model_copy(update={"vigil_config": config})
        asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    from vigil.bootstrap import build, check_many_may_work, new_worker, runner_folder
    from vigil.cli.hands import runner_at

    check_many_may_work(settings)
    me = new_worker("worker")
    with folder_of_its_own(runner_folder(settings, me)) as folder:
        engine = build(settings, me).engine
        ending = told_to_end(settings.vigil_drain_s)
        async with runner_at(folder, settings):
            await engine.start()
            complain(f"Worker {me.id} is at work.")
            try:
                await ending.wait()
                await engine.drain(settings.vigil_drain_s)
            finally:
                await engine.stop()
        await engine.leave()


@contextmanager
def folder_of_its_own(folder: Path) -> Iterator[Path]:
    """Where this worker and its runner meet, gone afterwards; those of the dead go too."""
    state_folder.own(folder.parent)
    with ExitStack() as living:
        # A folder that is being made looks like one that was left.
        with flock.awaited(folder.parent, MAKING_S):
            for other in folder.parent.iterdir():
                if not any(flock.is_held(other / name) for name in LOCKS):
                    log.info("folder of a dead worker removed", worker=other.name)
                    shutil.rmtree(other, ignore_errors=True)
            folder.mkdir(mode=0o700)
            living.enter_context(flock.locked(folder / LOCKS[0], f"{folder} is another worker's"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
