"""The runner as a process: its lock, its ledger and its signals."""

import asyncio
import signal
from datetime import timedelta
from pathlib import Path

from vigil.domain.catalogue import Catalogue
from vigil.guard import analyse
from vigil.runner.forgetting import forget_forever
from vigil.runner.ledger import Ledger
from vigil.runner.runs import Runs
from vigil.runner.server import LEDGER, only_runner, serve
from vigil.runner.store import open_store


def run(
    catalogue: Catalogue,
    state: Path,
    switch: Path | None = None,
    database_url: str | None = None,
    keep: timedelta | None = None,
) -> None:
    """Serve ``state``/runner.sock until SIGTERM or SIGINT.

    ``switch`` is the file of the stop switch, by default the one in ``state``; the ledger is there
    too, or in the database, if that is one which runners can share. ``keep`` says for how long it
    knows runs that ended; None is for ever.

    :raises LockHeld: another runner serves this state.
    """
    state = state.absolute()

    async def until_told() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        runs = Runs(catalogue, state, ledger, analyse, switch)
        forgetting = asyncio.create_task(forget_forever(ledger, keep)) if keep else None
        await serve(runs, state, stop)
        if forgetting is not None:
            forgetting.cancel()

    with only_runner(state):
        ledger = Ledger(open_store(state / LEDGER, database_url))
        try:
            # Ends only when the last call under way has ended and is in the ledger.
            asyncio.run(until_told())
        finally:
            ledger.close()
