"""What stands when the lease ends carries nothing more, however long the runner stood still.

No sandbox is made: the test is its script, and holds the clock.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

import pytest
from tests.runner.bench import Bench, Supervised, lease_of, until

from vigil.domain.effects import Call
from vigil.domain.run import Fence
from vigil.guard import analyse
from vigil.runner import lease
from vigil.runner.call_log import CallLog
from vigil.runner.egress import proxy
from vigil.runner.egress.proxy import Egress
from vigil.runner.egress.request import ESTABLISHED, Stream
from vigil.runner.ledger import Ledger, Rate
from vigil.runner.orders import checked
from vigil.runner.server import LEDGER
from vigil.runner.store import in_file
from vigil.runner.switch import switch_at
from vigil.runner.verbs.base import Seen

Suspend = Callable[[], None]


@pytest.fixture
def suspend(monkeypatch: pytest.MonkeyPatch) -> Suspend:
    """As a machine does that sleeps for an hour; nothing of this process runs meanwhile."""
    read = lease.boot_s

    def asleep() -> None:
        monkeypatch.setattr(lease, "boot_s", lambda: read() + 3600)

    return asleep


class Target:
    """Keeps what it gets."""

    def __init__(self) -> None:
        self.got = b""
        self.came = 0
        self.open = 0
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.came += 1
        self.open += 1
        while chunk := await reader.read(1000):
            self.got += chunk
        self.open -= 1
        writer.close()


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    made = Target()
    async with await asyncio.start_server(made.serve, "127.0.0.1", 0) as server:
        made.port = server.sockets[0].getsockname()[1]
        yield made


class SlowLedger(Ledger):
    """Something happens as soon as an effect is on record."""

    happens: Callable[[], None] = staticmethod(lambda: None)

    def begin_effect(
        self,
        key: str,
        call: Call,
        before: Seen,
        fences: Sequence[Fence],
        rate: Rate | None = None,
    ) -> bool:
        begun = super().begin_effect(key, call, before, fences, rate)
        self.happens()
        return begun


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SlowLedger]:
    opened = SlowLedger(in_file(tmp_path / LEDGER))
    yield opened
    opened.close()


@pytest.fixture
def egress(tmp_path: Path, supervised: Supervised, ledger: Ledger, target: Target) -> Egress:
    bench = Bench(tmp_path, supervised)
    bench.raw_grants = {"admin": {"host": "127.0.0.1", "port": target.port}}
    order = bench.order("true", raw=("admin",), lease=lease_of(600, "shop/raw:admin", "shop/?"))
    verified = checked(order, bench.catalogue, analyse)
    log = CallLog(verified, ledger, lambda _: None)
    return Egress(verified, ledger, switch_at(bench.state / "switch.json"), log)


async def connected(sandbox: Stream, target: Target) -> None:
    """Ask for a connection and say something."""
    sandbox.writer.write(f"CONNECT 127.0.0.1:{target.port} HTTP/1.1\r\n\r\n".encode())
    assert await sandbox.reader.readline() == ESTABLISHED.splitlines(keepends=True)[0]
    await sandbox.reader.readline()
    sandbox.writer.write(b"early")
    await until(lambda: target.got == b"early")


async def assert_hung_up(sandbox: Stream) -> None:
    assert await asyncio.wait_for(sandbox.reader.read(), 10) == b""


async def behind(egress: Egress) -> Stream:
    """A connection that this proxy serves, and that nothing but it watches."""
    inside, outside = socket.socketpair()
    egress.serve(Stream(*await asyncio.open_unix_connection(sock=outside)))
    return Stream(*await asyncio.open_unix_connection(sock=inside))


async def test_what_comes_after_the_lease_is_not_carried(
    egress: Egress, target: Target, suspend: Suspend
) -> None:
    sandbox = await behind(egress)
    await connected(sandbox, target)
    suspend()
    sandbox.writer.write(b"late")
    await assert_hung_up(sandbox)
    await until(lambda: not target.open)
    assert target.got == b"early"
    assert egress.out_of_time
    sandbox.writer.close()


async def test_what_is_silent_is_cut_off_when_the_lease_ends(
    tmp_path: Path, egress: Egress, target: Target, suspend: Suspend
) -> None:
    async with proxy.opened(egress, tmp_path, os.geteuid()) as path:
        sandbox = Stream(*await asyncio.open_unix_connection(path))
        await connected(sandbox, target)
        suspend()
        await until(lambda: not target.open)
        sandbox.writer.close()
    assert egress.out_of_time
    assert not egress.stopped


async def test_nobody_is_called_up_after_the_lease(
    egress: Egress, target: Target, ledger: SlowLedger, suspend: Suspend
) -> None:
    """Putting it on record may take long, as looking for a name may."""
    ledger.happens = suspend
    sandbox = await behind(egress)
    sandbox.writer.write(f"CONNECT 127.0.0.1:{target.port} HTTP/1.1\r\n\r\n".encode())
    await assert_hung_up(sandbox)
    assert target.came == 0
    assert egress.out_of_time
    sandbox.writer.close()
