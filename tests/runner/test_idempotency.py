"""The same key never causes the same effect twice, whoever is killed when."""

import asyncio
import json
import random
import sqlite3
from typing import Any

import pytest
from tests.runner.bench import Bench, running, until, wait_until

from vigil.domain.errors import PortUnavailable
from vigil.domain.plan import ActionStatus
from vigil.domain.run import RunOrder
from vigil.runner.ledger import Ledger
from vigil.runner.server import LEDGER
from vigil.runner.store import in_file
from vigil.runner.verbs.base import Deadline
from vigil.runner.verbs.supervisor import Supervisor

RESTART = "vigil-do process.restart restart web-1"


@pytest.fixture
def own(bench: Bench) -> Bench:
    bench.start()
    return bench


def leave_begun(bench: Bench, order: RunOrder, before: dict[str, Any]) -> None:
    """The ledger as a kill between 'begun' and 'done' leaves it."""
    ledger = Ledger(in_file(bench.state / LEDGER))
    assert ledger.begin_run(order, order.plan.digest) is None
    call = order.plan.actions[0].effects.calls[0]
    assert ledger.begin_effect(f"{order.run_key}:0", call, before, order.lease.fences)
    ledger.close()


async def test_a_run_that_ended_is_answered_from_the_record(own: Bench) -> None:
    before = own.supervised.starts("web-1")
    order = own.order(f"{RESTART}\n{own.to('one')}")
    first = await own.run(order)
    own.switch(stopped=True)  # nothing is done any more, so nothing has to be allowed
    assert await own.run(order) == first
    own.kill()
    own.start()
    assert await own.run(order) == first
    assert own.supervised.starts("web-1") == before + 1
    assert own.logged_switches() == ["one"]


async def test_two_requests_at_once_are_one_run(own: Bench) -> None:
    before = own.supervised.starts("web-1")
    order = own.order(RESTART)
    results = await asyncio.gather(*(own.run(order) for _ in range(4)))
    assert len(set(map(str, results))) == 1
    assert results[0].status is ActionStatus.SUCCEEDED
    assert own.supervised.starts("web-1") == before + 1


async def test_a_client_that_goes_away_changes_nothing(own: Bench) -> None:
    order = own.order(f"sleep 0.5\n{own.to('one')}")
    asking = asyncio.create_task(own.run(order))
    await asyncio.sleep(0.3)
    asking.cancel()
    wait_until(lambda: own.current == "one")
    result = await own.run(order)
    assert result.status is ActionStatus.SUCCEEDED
    assert [c.repeated for c in result.calls] == [False]


async def test_switch_begun_and_not_made(bench: Bench) -> None:
    order = bench.order(bench.to("one"))
    leave_begun(bench, order, {"link": str(bench.releases / "two")})
    bench.start()
    result = await bench.run(order)
    assert [(c.allowed, c.repeated) for c in result.calls] == [(True, False)]
    assert (bench.current, bench.logged_switches()) == ("one", ["one"])


async def test_switch_made_and_not_logged(bench: Bench) -> None:
    order = bench.order(bench.to("one"))
    leave_begun(bench, order, {"link": str(bench.releases / "two")})
    bench.link.unlink()
    bench.link.symlink_to(bench.releases / "one")
    bench.start()
    result = await bench.run(order)
    assert result.status is ActionStatus.SUCCEEDED
    assert [(c.allowed, c.repeated) for c in result.calls] == [(True, True)]
    assert bench.logged_switches() == ["one"]


async def test_switch_made_and_logged_and_not_recorded(own: Bench) -> None:
    order = own.order(own.to("one"))
    await own.run(order)
    own.kill()
    with sqlite3.connect(own.state / LEDGER) as base:
        base.execute("UPDATE effects SET outcome = NULL, done_at = NULL")
        base.execute("UPDATE runs SET result = NULL, ended_at = NULL")
    base.close()
    own.start()
    result = await own.run(order)
    assert [(c.allowed, c.repeated) for c in result.calls] == [(True, True)]
    assert own.logged_switches() == ["one"]


async def test_switch_made_and_undone_by_a_person_is_not_made_again(own: Bench) -> None:
    order = own.order(own.to("one"))
    await own.run(order)
    own.kill()
    with sqlite3.connect(own.state / LEDGER) as base:
        base.execute("UPDATE effects SET outcome = NULL, done_at = NULL")
        base.execute("UPDATE runs SET result = NULL, ended_at = NULL")
    base.close()
    own.link.unlink()
    own.link.symlink_to(own.releases / "two")
    own.start()
    result = await own.run(order)
    assert [(c.allowed, c.repeated) for c in result.calls] == [(True, True)]
    assert own.current == "two"


async def test_a_call_on_record_is_not_even_compared_with_its_target(own: Bench) -> None:
    order = own.order(own.to("one"))
    await own.run(order)
    own.kill()
    with sqlite3.connect(own.state / LEDGER) as base:
        base.execute("UPDATE runs SET result = NULL, ended_at = NULL")
    base.close()
    own.reset()  # link and log look as if nothing had been done
    own.start()
    result = await own.run(order)
    assert [(c.allowed, c.repeated) for c in result.calls] == [(True, True)]
    assert (own.current, own.logged_switches()) == ("two", [])


async def test_a_killed_runner_takes_its_sandboxes_with_it(own: Bench) -> None:
    asking = asyncio.create_task(own.do("sleep 9.753; sleep 60"))
    await until(lambda: bool(running("sleep 9.753")))
    own.kill()
    wait_until(lambda: not running("sleep 9.753"), 30)
    with pytest.raises(PortUnavailable):
        await asking


async def test_a_runner_told_to_end_finishes_the_call_under_way(own: Bench) -> None:
    starts = own.supervised.starts("web-1")
    order = own.order(f"{RESTART}\n{own.to('one')}")
    asking = asyncio.create_task(own.run(order))
    await until(lambda: own.supervised.starts("web-1") == starts + 1)
    own.close()
    with pytest.raises(PortUnavailable):
        await asking
    assert own.current == "two"
    own.start()
    result = await own.run(order)
    assert [(c.allowed, c.repeated) for c in result.calls] == [(True, True), (True, False)]
    assert own.supervised.starts("web-1") == starts + 1


async def test_restart_begun_and_not_made(bench: Bench) -> None:
    name = Supervisor(str(bench.supervised.socket))
    order = bench.order(RESTART)
    leave_begun(bench, order, name.info("web-1").model_dump(mode="json"))
    starts = bench.supervised.starts("web-1")
    bench.start()
    result = await bench.run(order)
    assert [(c.allowed, c.repeated) for c in result.calls] == [(True, False)]
    assert bench.supervised.starts("web-1") == starts + 1


async def test_restart_made_and_not_recorded(bench: Bench) -> None:
    process = Supervisor(str(bench.supervised.socket))
    order = bench.order(RESTART)
    leave_begun(bench, order, process.info("web-1").model_dump(mode="json"))
    process.stop("web-1", Deadline.within(10))
    process.start("web-1", Deadline.within(10))
    starts = bench.supervised.starts("web-1")
    bench.start()
    result = await bench.run(order)
    assert result.status is ActionStatus.SUCCEEDED
    assert [(c.allowed, c.repeated) for c in result.calls] == [(True, True)]
    assert bench.supervised.starts("web-1") == starts


async def test_restart_killed_between_stop_and_start(bench: Bench) -> None:
    process = Supervisor(str(bench.supervised.socket))
    order = bench.order(RESTART)
    leave_begun(bench, order, process.info("web-1").model_dump(mode="json"))
    process.stop("web-1", Deadline.within(10))
    starts = bench.supervised.starts("web-1")
    bench.start()
    result = await bench.run(order)
    assert result.status is ActionStatus.SUCCEEDED
    assert bench.supervised.starts("web-1") == starts + 1
    assert process.info("web-1").runs


@pytest.mark.parametrize("seed", range(5))
async def test_the_runner_killed_at_any_instant(own: Bench, seed: int) -> None:
    starts = own.supervised.starts("web-1")
    order = own.order(f"{own.to('one')}\n{RESTART}")
    asking = asyncio.create_task(own.run(order))
    # The whole run takes about 1.2 seconds, most of it the restart.
    await asyncio.sleep(random.Random(seed).uniform(0.01, 1.25))  # noqa: S311 - not a secret
    own.kill()
    await asyncio.gather(asking, return_exceptions=True)
    if not asking.cancelled() and asking.exception() is not None:
        assert isinstance(asking.exception(), PortUnavailable)
    own.start()
    result = await own.run(order)
    assert result.status is ActionStatus.SUCCEEDED
    assert [c.allowed for c in result.calls] == [True, True]
    assert own.current == "one"
    assert own.logged_switches() == ["one"]
    assert own.supervised.starts("web-1") == starts + 1
    assert own.sandboxes() == []


async def test_the_ledger_tells_what_happened(own: Bench) -> None:
    await own.do(own.to("one"))
    base = sqlite3.connect(own.state / LEDGER)
    rows = base.execute("SELECT record FROM calls").fetchall()
    base.close()
    assert [json.loads(row)["allowed"] for (row,) in rows] == [True]
