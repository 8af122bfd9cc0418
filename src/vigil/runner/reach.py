"""All that one run may reach from inside its sandbox: its broker, and with raw grants a proxy."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from vigil.runner import door
from vigil.runner.broker import Broker
from vigil.runner.call_log import CallLog, OnCall
from vigil.runner.confinement import Confinement
from vigil.runner.credentials import Hidden, credentials_of, private_values
from vigil.runner.door import Door
from vigil.runner.egress import proxy
from vigil.runner.egress.proxy import Egress
from vigil.runner.isolation import OwnFile
from vigil.runner.ledger import Ledger
from vigil.runner.orders import CheckedOrder
from vigil.runner.programs import BRIDGE, BRIDGE_SOURCE
from vigil.runner.switch import Switch


class Opened(NamedTuple):
    """What a sandbox is given."""

    door: Door
    broker: Path
    proxy: Path | None
    files: tuple[OwnFile, ...]


class Reach:
    """What one run reaches, and what came of it."""

    def __init__(
        self, checked: CheckedOrder, ledger: Ledger, switch: Switch, on_call: OnCall
    ) -> None:
        """:raises NoCredential: one that it needs cannot be read."""
        private = private_values(checked.order.private)
        self._held = (*credentials_of(checked.raw), *private)
        self.hidden = Hidden(self._held)
        """Takes credentials and private values out of a text."""
        self.calls = CallLog(checked, ledger, on_call, self.hidden)
        self.broker = Broker(checked, ledger, switch, self.calls)
        self._egress = Egress(checked, ledger, switch, self.calls) if checked.raw else None

    @property
    def stopped(self) -> bool:
        """The stop switch refused something."""
        return self.broker.stopped or (self._egress is not None and self._egress.stopped)

    @property
    def out_of_time(self) -> bool:
        """Something was refused because the worker's lease was about to end."""
        return self.broker.out_of_time or (self._egress is not None and self._egress.out_of_time)

    @asynccontextmanager
    async def opened(self, folder: Path, confinement: Confinement) -> AsyncIterator[Opened]:
        """Serve a sandbox from this folder while the block runs."""
        uid = confinement.uid
        broker = folder / "broker.sock"
        async with AsyncExitStack() as stack:
            its_door = await stack.enter_async_context(door.opened(self.broker, broker, uid))
            if self._egress is None:
                yield Opened(its_door, broker, None, ())
                return
            way_out = await stack.enter_async_context(proxy.opened(self._egress, folder, uid))
            bridge = await asyncio.to_thread(BRIDGE_SOURCE.read_bytes)
            held = (OwnFile(path=each.path, content=each.content) for each in self._held)
            files = (OwnFile(path=BRIDGE, content=bridge), *held)
            yield Opened(its_door, broker, way_out, files)
