"""A real runner that connects to a real hub, over loopback or from a network of its own."""

import asyncio
import socket
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.runner.bench import Bench, Supervised, wait_until
from tests.runner.networks import Networks, enter

from vigil.domain.foreseen import Foreseen
from vigil.domain.plan import ActionResult, Plan
from vigil.domain.run import Health, RunOrder
from vigil.domain.switch import SwitchState
from vigil.integrations.sandbox.hub import Hub
from vigil.integrations.sandbox.remote import RemoteSandbox
from vigil.link.addresses import Address
from vigil.link.identity import RUNNER_KEY, Identity, identity_at
from vigil.ports.sandbox import OnOutput

NAME = "edge-1"
FAR_RUNNER = """
import sys
from pathlib import Path
from vigil.cli.logs import log_as_json
from vigil.domain.catalogue import Catalogue
from vigil.link.addresses import addresses_in
from vigil.runner.remote.main import Far, run_far
log_as_json()
catalogue, state, hubs, key = sys.argv[1:]
catalogue = Catalogue.model_validate_json(Path(catalogue).read_text())
run_far(catalogue, Path(state), Far("edge-1", key, addresses_in(hubs)))
"""
Result = TypeVar("Result")


def new_identity() -> Identity:
    return Identity(Ed25519PrivateKey.generate())


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


class Elsewhere:
    """An event loop in a thread: what lives in it outlives the loop of one test."""

    def __init__(self, network: Path | None = None) -> None:
        """``network``: the namespace that its sockets are in, if not that of the tests."""
        self.loop = asyncio.new_event_loop()
        self._network = network
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        if self._network is not None:
            enter(self._network)
        self.loop.run_forever()

    @property
    def proc(self) -> Path:
        """What the kernel says of its thread, whose network may be another one."""
        return Path(f"/proc/self/task/{self._thread.native_id}")

    async def do(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Do it there and wait for it here; given up here, it is given up there."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.loop))

    def begin(self, work: Coroutine[Any, Any, None]) -> Callable[[], None]:
        """Begin it there; what is returned ends it."""
        future = asyncio.run_coroutine_threadsafe(work, self.loop)

        def end() -> None:
            future.cancel()

        return end

    def close(self) -> None:
        async def end_all() -> None:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end_all(), self.loop).result(20)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(20)
        self.loop.close()


class FarSandbox:
    """The remote adapter, whose hub lives in another loop."""

    def __init__(self, adapter: RemoteSandbox, elsewhere: Elsewhere) -> None:
        self._adapter = adapter
        self._elsewhere = elsewhere

    async def run(self, order: RunOrder, on_output: OnOutput) -> ActionResult:
        return await self._elsewhere.do(self._adapter.run(order, on_output))

    async def dry_run(self, plan: Plan) -> tuple[Foreseen, ...]:
        return await self._elsewhere.do(self._adapter.dry_run(plan))

    async def health(self) -> Health:
        return await self._elsewhere.do(self._adapter.health())


class FarBench(Bench):
    """The same target; its runner connects to a hub in this process."""

    def __init__(
        self, folder: Path, supervised: Supervised, networks: Networks | None = None
    ) -> None:
        super().__init__(folder, supervised)
        self.networks = networks
        host = networks.hub_host if networks else "127.0.0.1"
        self.hub_identity = new_identity()
        self.hub_switch = SwitchState(stopped=False)
        self.runner_identity = identity_at(self.state / "keys" / RUNNER_KEY)
        self.further: list[Address] = []
        """Where other workers of the hub listen."""
        self.elsewhere = Elsewhere(networks.hub if networks else None)
        self.hub, self.sandbox, self._end_hub = self._listening(Address(host, free_port()))

    def _listening(self, address: Address) -> tuple[Hub, FarSandbox, Callable[[], None]]:
        key = self.runner_identity.public
        hub = Hub(address, self.hub_identity, {NAME: key}, lambda: self.hub_switch)
        adapter = RemoteSandbox(NAME, key, hub, self.hub_identity.public)
        end = self.elsewhere.begin(hub.listen_forever())
        return hub, FarSandbox(adapter, self.elsewhere), end

    def another_worker(self) -> tuple[Hub, FarSandbox]:
        """Of the same hub; before the runner is started."""
        hub, sandbox, _ = self._listening(Address(self.hub.address.host, free_port()))
        self.further.append(hub.address)
        return hub, sandbox

    @property
    def connected(self) -> bool:
        return self.hub.runner(NAME) is not None

    @contextmanager
    def hub_away(self) -> Iterator[None]:
        """As when the hub's machine is away, or the way to it: its connections end."""
        self._end_hub()
        wait_until(lambda: not self.connected)
        try:
            yield
        finally:
            self._end_hub = self.elsewhere.begin(self.hub.listen_forever())
        wait_until(lambda: self.connected, 60)

    def words(self, catalogue: Path) -> list[str]:
        hubs = ",".join(map(str, (self.hub.address, *self.further)))
        arguments = [str(catalogue), str(self.state), hubs, self.hub_identity.public]
        within = self.networks.within_runner if self.networks else ()
        return [*within, sys.executable, "-c", FAR_RUNNER, *arguments]

    def start(self, *within: str) -> None:
        super().start(*within)
        wait_until(lambda: self.connected)

    def kill(self) -> None:
        super().kill()
        wait_until(lambda: not self.connected)

    def close(self) -> None:
        super().close()
        self.elsewhere.close()
