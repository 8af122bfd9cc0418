"""A hub and a runner in two networks, with nothing but their one connection open (about 20 s).

The hub is in a network of its own, the runner in another, and one wire joins them; neither has a
route to anywhere else, nor even a loopback. The runner's target is a real supervisord.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.runner.bench import Supervised, until, wait_until
from tests.runner.far import FarBench
from tests.runner.networks import ESTABLISHED, LISTEN, sockets, two_networks

from vigil.domain.errors import PortUnavailable
from vigil.domain.plan import ActionStatus
from vigil.integrations.sandbox import connected
from vigil.runner.ledger import Ledger
from vigil.runner.server import LEDGER
from vigil.runner.store import in_file

REACHES_OUT = """
import socket, sys
for host, port in (("192.0.2.1", 80), (sys.argv[1], 22), ("127.0.0.1", 22)):
    try:
        socket.create_connection((host, port), 3)
    except OSError as refused:
        print(refused.errno)
    else:
        print("reached", host, port)
"""
UNREACHABLE, REFUSED = "101", "111"


@pytest.fixture
def bench(
    tmp_path: Path, supervised: Supervised, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FarBench]:
    monkeypatch.setattr(connected, "SILENT_S", 5.0)  # the hub sees sooner that the wire is cut
    with two_networks() as networks:
        made = FarBench(tmp_path, supervised, networks)
        try:
            made.start()
            yield made
        finally:
            made.close()


async def test_an_action_is_done_once_over_one_connection_that_is_cut_in_the_middle(
    bench: FarBench,
) -> None:
    assert bench.process is not None
    assert bench.networks is not None
    runner = Path(f"/proc/{bench.process.pid}")
    assert sockets(runner) == {ESTABLISHED: 1}, "it dialled, and listens on nothing"
    assert sockets(bench.elsewhere.proc) == {ESTABLISHED: 1, LISTEN: 1}
    assert (runner / "net" / "udp").read_text().count("\n") == 1, "a heading and nothing below"
    reaching = (sys.executable, "-c", REACHES_OUT, bench.networks.hub_host)
    tried = subprocess.run(  # noqa: ASYNC221 - it takes milliseconds
        [*bench.networks.within_runner, *reaching],
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert tried.stdout.split() == [UNREACHABLE, REFUSED, UNREACHABLE]

    starts = bench.supervised.starts("web-1")
    order = bench.order("vigil-do process.restart restart web-1")
    with closing(Ledger(in_file(bench.state / LEDGER))) as ledger:
        asking = asyncio.create_task(bench.run(order))
        await until(lambda: ledger.effects_of(order.run_key) != ())
        bench.networks.wire("down")
        with pytest.raises(PortUnavailable, match=r"nothing was heard|connection was lost"):
            await asking
        await until(lambda: ledger.begin_run(order, order.plan.digest) is not None)
        await until(lambda: not bench.connected)
    bench.networks.wire("up")
    wait_until(lambda: bench.connected, 60)
    end = await bench.run(order)
    assert end.status is ActionStatus.SUCCEEDED
    assert [call.allowed for call in end.calls] == [True]
    assert await bench.run(order.model_copy(update={"only_if_known": True})) == end
    assert bench.supervised.starts("web-1") == starts + 1
