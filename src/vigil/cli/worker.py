"""`vigil worker`: one more process that does the work, on a record that several share."""

import asyncio
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import structlog
import typer

from vigil.cli.endings import told_to_end, waiting_for_no_thread
from vigil.cli.logs import log_as_json
from vigil.cli.words import complain, told
from vigil.settings import Settings, load_settings

log = structlog.get_logger()

LOCKS = ("worker.lock", "runner.lock")
"""Held by the worker and by its runner as long as each of them lives."""


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
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _one_at_a_time(folder.parent):
        for other in folder.parent.iterdir():
            if _is_left(other):
                log.info("folder of a dead worker removed", worker=other.name)
                shutil.rmtree(other, ignore_errors=True)
        folder.mkdir(mode=0o700)
        lock = (folder / LOCKS[0]).open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
    with lock:
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """A folder that is being made looks like one that was left."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _is_left(folder: Path) -> bool:
    """Whether neither the worker nor its runner lives."""
    return not any(_is_held(folder / name) for name in LOCKS)


def _is_held(lock: Path) -> bool:
    with suppress(FileNotFoundError), lock.open("r") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
