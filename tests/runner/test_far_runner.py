"""A runner far from its hub: what it does while there is no hub, and who may stop it (about 25 s).

A real runner, a real hub, a real target; that nothing but their one connection is needed is shown
in ``test_two_networks``.
"""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.runner.bench import Supervised, running, until
from tests.runner.far import NAME, FarBench

from vigil.domain.errors import PortUnavailable
from vigil.domain.plan import ActionStatus
from vigil.domain.run import RunOrder
from vigil.domain.switch import SwitchState
from vigil.integrations.sandbox.hearing import ignored
from vigil.runner.ledger import Ledger
from vigil.runner.remote.words import FRESH_S
from vigil.runner.server import LEDGER, SOCKET
from vigil.runner.store import in_file

GOES = SwitchState(stopped=False)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, supervised: Supervised) -> Iterator[FarBench]:
    made = FarBench(tmp_path_factory.mktemp("far"), supervised)
    made.start()
    yield made
    made.close()


@pytest.fixture
def bench(kept: FarBench) -> Iterator[FarBench]:
    yield kept
    kept.hub_switch = GOES
    kept.reset()


@pytest.fixture
def ledger(kept: FarBench) -> Iterator[Ledger]:
    with closing(Ledger(in_file(kept.state / LEDGER))) as opened:
        yield opened


def known(order: RunOrder) -> RunOrder:
    return order.model_copy(update={"only_if_known": True})


async def test_the_hub_goes_away_in_the_middle_and_the_end_is_kept_for_it(
    bench: FarBench, ledger: Ledger
) -> None:
    starts = bench.supervised.starts("web-1")
    order = bench.order("vigil-do process.restart restart web-1")
    asking = asyncio.create_task(bench.run(order))
    await until(lambda: ledger.effects_of(order.run_key) != ())
    with bench.hub_away():
        with pytest.raises(PortUnavailable, match="same run key"):
            await asking
        with pytest.raises(PortUnavailable, match="not connected"):
            await bench.run(order)
        await until(lambda: ledger.begin_run(order, order.plan.digest) is not None)
    end = await bench.run(known(order))
    assert end.status is ActionStatus.SUCCEEDED
    assert await bench.run(order) == end
    assert bench.supervised.starts("web-1") == starts + 1


async def test_without_a_hub_nothing_more_is_begun_and_no_answer_is_a_no(
    bench: FarBench, ledger: Ledger
) -> None:
    starts = bench.supervised.starts("web-1")
    script = f"{bench.to('one')}\nsleep {FRESH_S + 1}\nvigil-do process.restart restart web-1"
    order = bench.order(script, timeout_s=60)
    asking = asyncio.create_task(bench.run(order))
    await until(lambda: any(effect.outcome for effect in ledger.effects_of(order.run_key)))
    with bench.hub_away():
        with pytest.raises(PortUnavailable):
            await asking
        goes_on = f"sleep {FRESH_S + 1}"
        await until(lambda: bool(running(goes_on)))
        await asyncio.sleep(FRESH_S)
        await until(lambda: ledger.begin_run(order, order.plan.digest) is not None)
    end = await bench.run(known(order))
    assert end.status is ActionStatus.STOPPED
    assert end.interrupted
    assert [call.allowed for call in end.calls] == [True, False]
    assert "no hub has said" in end.calls[1].result
    assert (bench.current, bench.supervised.starts("web-1")) == ("one", starts)


async def test_another_worker_of_the_hub_goes_on_where_the_first_one_is_lost(
    tmp_path: Path, supervised: Supervised
) -> None:
    with closing(FarBench(tmp_path, supervised)) as bench:
        hub, other = bench.another_worker()
        bench.start()
        await until(lambda: hub.runner(NAME) is not None)
        starts = bench.supervised.starts("web-2")
        order = bench.order("vigil-do process.restart restart web-2")
        asking = asyncio.create_task(bench.run(order))
        with closing(Ledger(in_file(bench.state / LEDGER))) as ledger:
            await until(lambda: ledger.effects_of(order.run_key) != ())
        with bench.hub_away():
            with pytest.raises(PortUnavailable):
                await asking
            end = await other.run(order, ignored)
        assert end.status is ActionStatus.SUCCEEDED
        assert await bench.run(order) == end
        assert bench.supervised.starts("web-2") == starts + 1


async def test_its_own_switch_stops_it_whatever_the_hub_says(bench: FarBench) -> None:
    bench.switch(stopped=True, text="the night shift")
    end = await bench.do(bench.to("one"))
    assert end.status is ActionStatus.STOPPED
    assert "the night shift" in end.output
    assert bench.current == "two"
    await until(lambda: bench.hub.runner(NAME).switch.stopped)  # type: ignore[union-attr] # connected
    health = await bench.sandbox.health()
    assert not health.ok
    assert not health.vital
    assert "stopped near its target: the night shift" in health.text


async def test_the_hubs_switch_reaches_a_script_that_runs(bench: FarBench) -> None:
    order = bench.order("sleep 45.1", timeout_s=60)
    asking = asyncio.create_task(bench.run(order))
    await until(lambda: bool(running("sleep 45.1")))
    bench.hub_switch = SwitchState(stopped=True, now=True, text="stop")
    end = await asyncio.wait_for(asking, 20)
    assert end.status is ActionStatus.STOPPED
    assert end.seconds < 40
    assert (await bench.do(bench.to("one"))).status is ActionStatus.STOPPED


async def test_an_end_carries_both_signatures_in_the_answer_and_in_the_ledger(
    bench: FarBench, ledger: Ledger
) -> None:
    order = bench.order(bench.to("one"))
    end = await bench.run(order)
    assert end.attestation is not None
    assert (end.attestation.runner, end.attestation.key) == (NAME, bench.runner_identity.public)
    assert end.attestation.order.key == bench.hub_identity.public
    assert order.run_key in end.attestation.order.text
    assert ledger.begin_run(order, order.plan.digest) == end


async def test_health_goes_over_the_connection_and_names_the_runner(bench: FarBench) -> None:
    health = await bench.sandbox.health()
    assert health.ok
    assert health.part == f"runner {NAME}"
    assert "connected since" in health.text


def test_it_listens_on_nothing(bench: FarBench) -> None:
    assert bench.process is not None
    assert not (bench.state / SOCKET).exists()
    assert listening_sockets(bench.process.pid) == []


def listening_sockets(pid: int) -> list[str]:
    """Lines of the kernel's tables of sockets that wait for somebody and are this process's."""
    own = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        target = str(descriptor.readlink())
        if target.startswith("socket:["):
            own.add(target[8:-1])
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and words[9] in own:
                found.append(line)
    return found
