"""A runner far from its hub, as a process."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import structlog

from vigil.domain.catalogue import Catalogue
from vigil.domain.switch import SWITCH_FILE, SwitchState, to_record
from vigil.guard import analyse
from vigil.link.addresses import Address
from vigil.link.identity import KEYS, RUNNER_KEY, Identity, identity_at
from vigil.runner.bubblewrap.sandbox import Bubblewrap
from vigil.runner.confinement import Doors
from vigil.runner.isolation import Isolation
from vigil.runner.ledger import Ledger
from vigil.runner.main import as_runner
from vigil.runner.remote.link import Link, Me
from vigil.runner.remote.words import Words
from vigil.runner.runs import Runs
from vigil.runner.server import LOCK, Runner, tell_ready
from vigil.runner.switch import switch_at

_log = structlog.get_logger("vigil.runner")


class Far(NamedTuple):
    """Where the hub is, and who is who."""

    name: str
    """Of this runner, as the hub's vigil.yaml calls it."""
    hub_key: str
    addresses: tuple[Address, ...]
    """One of each process of the hub that gives orders."""


def identity_of(state: Path) -> Identity:
    """This runner's key, made the first time."""
    return identity_at(state / KEYS / RUNNER_KEY)


def run_far(
    catalogue: Catalogue,
    state: Path,
    far: Far,
    keep: timedelta | None = None,
    isolate: Callable[[Doors], Isolation] = Bubblewrap,
) -> None:
    """Take the hub's orders until SIGTERM or SIGINT; nothing listens here.

    Ledger and stop switch are files in ``state``: it needs nobody else's.

    :raises LockHeld: another runner serves this state.
    :raises SettingsError: its key cannot be read.
    """
    state = state.absolute()
    me = Me(far.name, identity_of(state), far.hub_key)
    _first_switch(state)

    async def serving(isolation: Isolation, ledger: Ledger, stop: asyncio.Event) -> None:
        words = Words(switch_at(state / SWITCH_FILE))
        runner = Runner(Runs(catalogue, isolation, ledger, analyse, words.read))
        tell_ready(await isolation.health(), state=str(state), key=me.identity.public)
        links = [Link(address, me, runner, words) for address in far.addresses]
        keeping = [asyncio.create_task(link.keep()) for link in links]
        stopping = asyncio.create_task(stop.wait())
        try:
            # A link keeps itself: one that ends has met what nobody thought of.
            done, _ = await asyncio.wait({stopping, *keeping}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (stopping, *keeping):
                task.cancel()
            await asyncio.gather(stopping, *keeping, return_exceptions=True)
            await runner.close()
            _log.info("runner stopped")

    as_runner(state, None, keep, isolate, serving)


def _first_switch(state: Path) -> None:
    """Only where no runner has ever been: a switch that was lost later reads as stopped."""
    if not (state / LOCK).exists() and not (state / SWITCH_FILE).exists():
        (state / SWITCH_FILE).write_bytes(to_record(SwitchState(stopped=False)))
