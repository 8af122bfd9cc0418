"""Being told to end, by a signal: first in order, then at once."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
import typer

from vigil.cli.words import complain

log = structlog.get_logger()

WAITING = "dbos-executor-"
"""Name of the threads in which DBOS asks its database, again and again while that is away."""

AT_ONCE = 1
"""Exit code of a process that was told twice."""


def told_to_end(within_s: float) -> asyncio.Event:
    """Set by the first SIGTERM or SIGINT; a second one ends the process where it stands.

    That is as safe as a power cut: what was under way is taken over, by others or at the next
    start.
    """
    told = asyncio.Event()

    def hear() -> None:
        if told.is_set():
            log.warning("told a second time: ends at once")
            os._exit(AT_ONCE)
        complain(f"Ending what is under way, {within_s:.0f} s at most; once more ends it at once.")
        told.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, hear)
    return told


def interrupted() -> asyncio.Event:
    """Set by the first Ctrl-C, also where the shell that started this in the background ignores it.

    What is set stays set, so that it is heard by who was busy when it came; a cancellation can get
    lost in a library that is cancelling something itself at that moment. A second Ctrl-C ends as it
    always does.
    """
    told = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hear() -> None:
        told.set()
        loop.remove_signal_handler(signal.SIGINT)

    if threading.current_thread() is threading.main_thread():  # no other hears of a signal
        loop.add_signal_handler(signal.SIGINT, hear)
    return told


@contextmanager
def waiting_for_no_thread() -> Iterator[None]:
    """Everything is done and written: no thread that still waits keeps the process from ending.

    Python waits for its threads, and DBOS's may wait for a database that does not come back.
    """
    code = 0
    try:
        yield
    except typer.Exit as ending:
        if not _one_waits():
            raise
        code = ending.exit_code
    if _one_waits():
        log.warning("ends while a thread waits for its database")
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _one_waits() -> bool:
    return any(thread.name.startswith(WAITING) for thread in threading.enumerate())
