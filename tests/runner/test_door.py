"""When a run has ended its broker begins nothing more, however slow the target is (no sandbox)."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.runner.bench import Bench, until

from vigil.domain.effects import Call
from vigil.guard import analyse
from vigil.runner import door
from vigil.runner.broker import Broker, Reply, Status
from vigil.runner.call_log import CallLog
from vigil.runner.ledger import Ledger
from vigil.runner.orders import checked
from vigil.runner.server import LEDGER
from vigil.runner.store import in_file
from vigil.runner.switch import switch_at
from vigil.runner.verbs import release_switch


class SlowDisk:
    """Reading a release takes until somebody lets it go on."""

    def __init__(self) -> None:
        self.is_read = threading.Event()
        self.goes_on = threading.Event()
        self._digest = release_switch.release_digest

    def read(self, folder: Path) -> str:
        self.is_read.set()
        assert self.goes_on.wait(60)
        return self._digest(folder)


class Run:
    """A broker behind its door, and a script that asks in the background: it may end before."""

    def __init__(self, bench: Bench) -> None:
        self._socket = bench.folder / "broker.sock"
        self._ledger = Ledger(in_file(bench.folder / LEDGER))
        script = f"{bench.to('one')}\nvigil-do process.restart restart web-1"
        order = checked(bench.order(script), bench.catalogue, analyse)
        switch = switch_at(bench.state / "switch.json")
        calls = CallLog(order, self._ledger, lambda _: None)
        self._broker = Broker(order, self._ledger, switch, calls)
        self._key = order.order.run_key
        self.calls = order.effects.calls

    @asynccontextmanager
    async def lasts(self) -> AsyncIterator[door.Door]:
        async with door.opened(self._broker, self._socket, os.geteuid()) as opened:
            yield opened

    def ask(self, call: Call) -> "asyncio.Task[Reply]":
        return asyncio.create_task(self._ask(call))

    async def _ask(self, call: Call) -> Reply:
        """As ``vigil-do`` does."""
        reader, writer = await asyncio.open_unix_connection(self._socket)
        writer.write(call.model_dump_json().encode() + b"\n")
        reply = Reply.model_validate_json(await reader.readline())
        writer.close()
        return reply

    def began_nothing(self) -> bool:
        return self._ledger.effects_of(self._key) == ()

    def close(self) -> None:
        self._ledger.close()


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowDisk]:
    slow = SlowDisk()
    monkeypatch.setattr(release_switch, "release_digest", slow.read)
    yield slow
    slow.goes_on.set()


@pytest.fixture
def run(bench: Bench) -> Iterator[Run]:
    made = Run(bench)
    yield made
    made.close()


def assert_over(reply: Reply) -> None:
    assert (reply.status, reply.text) == (Status.REFUSED, "refused: the run is over")


async def test_a_call_that_is_slow_does_not_let_others_in_behind_it(
    bench: Bench, run: Run, disk: SlowDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "_EFFECT_ENDS_S", 0.2)
    starts = bench.supervised.starts("web-1")
    slow, waiting = run.calls
    async with run.lasts() as opened:
        first = run.ask(slow)
        await until(disk.is_read.is_set)
        second = run.ask(waiting)
        assert not await opened.shut(), "the first one has not ended"
    disk.goes_on.set()
    assert_over(await first)
    assert_over(await second)
    assert run.began_nothing()
    assert (bench.current, bench.supervised.starts("web-1")) == ("two", starts)


async def test_a_run_that_is_cut_off_begins_nothing_more(
    bench: Bench, run: Run, disk: SlowDisk
) -> None:
    """Whether by an error or by being cancelled, nobody waits for its calls then."""
    asked: list[asyncio.Task[Reply]] = []

    async def script() -> None:
        async with run.lasts():
            asked.append(run.ask(run.calls[0]))
            await asyncio.Event().wait()

    running = asyncio.create_task(script())
    await until(disk.is_read.is_set)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    disk.goes_on.set()
    assert_over(await asked[0])
    assert run.began_nothing()
    assert bench.current == "two"
