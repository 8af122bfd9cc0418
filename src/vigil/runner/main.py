"""The runner as a process: its lock, its ledger, its signals and its log."""

import asyncio
import logging
import signal
import sys
from pathlib import Path

import structlog

from vigil.domain.catalogue import Catalogue
from vigil.guard import analyse
from vigil.runner.ledger import Ledger
from vigil.runner.server import LEDGER, only_runner, serve


def run(catalogue: Catalogue, state: Path) -> None:
    """Serve ``state``/runner.sock until SIGTERM or SIGINT; logs JSON lines to standard error.

    :raises LockHeld: another runner serves this state.
    """
    _log_as_json()
    state = state.absolute()

    async def until_told() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await serve(catalogue, state, analyse, ledger, stop)

    with only_runner(state):
        ledger = Ledger(state / LEDGER)
        try:
            # Ends only when the last call under way has ended and is in the ledger.
            asyncio.run(until_told())
        finally:
            ledger.close()


def _log_as_json() -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
