"""The runner as a process: its lock, its ledger and its signals."""

import asyncio
import signal
from pathlib import Path

from vigil.domain.catalogue import Catalogue
from vigil.guard import analyse
from vigil.runner.ledger import Ledger
from vigil.runner.server import LEDGER, only_runner, serve


def run(catalogue: Catalogue, state: Path) -> None:
    """Serve ``state``/runner.sock until SIGTERM or SIGINT.

    :raises LockHeld: another runner serves this state.
    """
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
