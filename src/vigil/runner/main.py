"""The runner as a process: its lock, its ledger and its signals."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

from vigil.domain.catalogue import Catalogue
from vigil.domain.switch import SWITCH_FILE
from vigil.guard import analyse
from vigil.runner.bubblewrap.sandbox import Bubblewrap
from vigil.runner.confinement import Doors
from vigil.runner.forgetting import forget_forever
from vigil.runner.isolation import Isolation
from vigil.runner.ledger import Ledger
from vigil.runner.runs import Runs
from vigil.runner.server import LEDGER, only_runner, serve
from vigil.runner.store import open_store
from vigil.runner.switch import switch_at

RUNS = "runs"
"""The folder of the state folder that holds what lives as long as a run."""

Serving = Callable[[Isolation, Ledger, asyncio.Event], Awaitable[None]]
"""Takes orders until the event is set, and ends what runs."""


def run(
    catalogue: Catalogue,
    state: Path,
    switch: Path | None = None,
    database_url: str | None = None,
    keep: timedelta | None = None,
    isolate: Callable[[Doors], Isolation] = Bubblewrap,
) -> None:
    """Serve ``state``/runner.sock until SIGTERM or SIGINT.

    ``switch`` is the file of the stop switch, by default the one in ``state``; the ledger is there
    too, or in the database, if that is one which runners can share. ``keep`` says for how long it
    knows runs that ended; None is for ever. ``isolate`` says what makes the sandboxes.

    :raises LockHeld: another runner serves this state.
    """
    state = state.absolute()

    async def serving(isolation: Isolation, ledger: Ledger, stop: asyncio.Event) -> None:
        said = switch_at(switch or state / SWITCH_FILE)
        await serve(Runs(catalogue, isolation, ledger, analyse, said), state, stop)

    as_runner(state, database_url, keep, isolate, serving)


def as_runner(
    state: Path,
    database_url: str | None,
    keep: timedelta | None,
    isolate: Callable[[Doors], Isolation],
    serving: Serving,
) -> None:
    """Be the one runner of a state folder, whoever its orders come from, until told to stop.

    :raises LockHeld: another runner serves this state.
    """

    async def until_told() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        isolation = isolate(Doors(state / RUNS))
        await isolation.sweep()
        forgetting = asyncio.create_task(forget_forever(ledger, keep)) if keep else None
        await serving(isolation, ledger, stop)
        if forgetting is not None:
            forgetting.cancel()

    with only_runner(state):
        ledger = Ledger(open_store(state / LEDGER, database_url))
        try:
            # Ends only when the last call under way has ended and is in the ledger.
            asyncio.run(until_told())
        finally:
            ledger.close()
