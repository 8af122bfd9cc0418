"""The promises of ``vigil.ports.sandbox``, kept by the runner here and by a remote one."""

import asyncio
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.runner.bench import SECRET, Bench, Supervised, lease_of, running, until
from tests.runner.far import FarBench

from vigil.domain.errors import PlanMismatch, PortUnavailable, SandboxUnavailable
from vigil.domain.plan import ActionStatus
from vigil.domain.run import Lease, RunOrder
from vigil.runner.ledger import Ledger
from vigil.runner.server import LEDGER
from vigil.runner.store import in_file

# The kernel's own way to allow no namespace: only the runner started within is concerned.
NO_NAMESPACES = (
    "unshare",
    "--user",
    "--map-root-user",
    "sh",
    "-c",
    'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"',
    "sh",
)
MARK = "sleep 86421"


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervised]:
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed, and without a sandbox nothing runs")
    made = Supervised(tmp_path_factory.mktemp("t"))
    yield made
    made.close()


@pytest.fixture(scope="module", params=[Bench, FarBench], ids=["here", "far"])
def kind(request: pytest.FixtureRequest) -> type[Bench]:
    """Which adapter, with a real runner behind it."""
    made: type[Bench] = request.param
    return made


@pytest.fixture(scope="module")
def started(
    tmp_path_factory: pytest.TempPathFactory, target: Supervised, kind: type[Bench]
) -> Iterator[Bench]:
    made = kind(tmp_path_factory.mktemp("started"), target)
    made.start()
    yield made
    made.close()


@pytest.fixture
def bench(started: Bench) -> Iterator[Bench]:
    yield started
    started.reset()


@pytest.fixture
def alone(tmp_path: Path, target: Supervised, kind: type[Bench]) -> Iterator[Bench]:
    """A runner that has not been started."""
    made = kind(tmp_path, target)
    yield made
    made.close()


def called_off(order: RunOrder) -> RunOrder:
    """The same order, from somebody who wants to know and wants nothing done."""
    return order.model_copy(update={"only_if_known": True})


def held(seconds: float) -> Lease:
    return lease_of(seconds, "shop/release:release")


async def runs(words: str) -> None:
    """Wait until a sandbox has come to this."""
    await until(lambda: bool(running(words)))


async def test_1_empty_environment_no_network_read_only_limits_and_nothing_left(
    bench: Bench,
) -> None:
    script = (
        "(tr '\\0' '\\n' < /proc/1/environ) 2>/dev/null || true; env\n"
        "(: < /dev/tcp/127.0.0.1/22) 2>/dev/null && echo LEAK\n"
        "(: > /usr/leak) 2>/dev/null && echo LEAK\n"
        f"{MARK} & disown\n"
        "(yes || true) | head -c 5M; echo; sleep 60"
    )
    started = time.monotonic()
    result = await bench.do(script, timeout_s=1.5)
    assert result.status is ActionStatus.TIMED_OUT
    assert time.monotonic() - started < 40
    assert SECRET not in result.output
    assert "LEAK" not in result.output
    assert len(result.output) < 20_000
    assert not running(MARK)
    assert bench.sandboxes() == []


async def test_2_only_the_judged_calls_go_through_and_a_refusal_fails_the_script(
    bench: Bench,
) -> None:
    lines: list[str] = []
    order = bench.order(f"x=vigil-do; $x release.switch release {bench.digests['one']} || true")
    result = await bench.run(order, lines)
    assert result.status is ActionStatus.FAILED
    assert [c.allowed for c in result.calls] == [False]
    assert any(line.startswith("broker: release.switch") and "refused" in line for line in lines)
    assert bench.current == "two"
    assert (await bench.do(bench.to("one"))).status is ActionStatus.SUCCEEDED
    assert bench.current == "one"


async def test_3_the_same_key_never_causes_the_same_effect_twice(alone: Bench) -> None:
    alone.start()
    before = alone.supervised.starts("web-1")
    order = alone.order("vigil-do process.restart restart web-1")
    asking = asyncio.create_task(alone.run(order))
    with closing(Ledger(in_file(alone.state / LEDGER))) as ledger:
        await until(lambda: ledger.effects_of(order.run_key) != ())
    alone.kill()
    with pytest.raises(PortUnavailable, match="same run key"):
        await asking
    alone.start()
    first = await alone.run(order)
    assert first.status is ActionStatus.SUCCEEDED
    assert alone.supervised.starts("web-1") == before + 1
    assert await alone.run(order) == first
    assert alone.supervised.starts("web-1") == before + 1


async def test_4_another_plan_is_refused(bench: Bench) -> None:
    order = bench.order(bench.to("one"))
    other = bench.order("true").plan.digest
    with pytest.raises(PlanMismatch):
        await bench.run(order.model_copy(update={"approved_digest": other}))
    assert bench.current == "two"


async def test_5_without_a_safe_sandbox_nothing_runs(alone: Bench) -> None:
    allowed = subprocess.run([*NO_NAMESPACES, "true"], check=False, capture_output=True)  # noqa: ASYNC221 - it takes milliseconds
    if allowed.returncode != 0:
        pytest.skip("this machine lets no ordinary program make a user namespace")
    alone.start(*NO_NAMESPACES)
    with pytest.raises(SandboxUnavailable, match="namespace"):
        await alone.do(alone.to("one"))
    health = await alone.sandbox.health()
    assert not health.ok
    assert health.remedy is not None
    assert "AppArmor" in health.remedy
    assert alone.current == "two"


async def test_5_a_runner_that_is_not_there_is_unavailable(alone: Bench) -> None:
    with pytest.raises(PortUnavailable, match="same run key"):
        await alone.do("true")
    health = await alone.sandbox.health()
    assert not health.ok
    assert health.remedy is not None
    assert "vigil runner" in health.remedy


async def test_6_called_off_before_it_was_begun_it_never_is(bench: Bench) -> None:
    order = bench.order(bench.to("one"))
    bench.switch(stopped=True)
    answer = await bench.run(called_off(order))
    assert (answer.status, answer.calls) == (ActionStatus.NOT_BEGUN, ())
    bench.switch(stopped=False)
    assert await bench.run(order) == answer, "whoever asks, and however late"
    assert bench.current == "two"


async def test_6_called_off_what_is_under_way_or_ended_is_answered_with_its_end(
    bench: Bench,
) -> None:
    order = bench.order(f"sleep 1.53\n{bench.to('one')}")
    under_way = asyncio.create_task(bench.run(order))
    await runs("sleep 1.53")
    joined = await bench.run(called_off(order))
    assert joined.status is ActionStatus.SUCCEEDED
    assert joined == await under_way
    assert await bench.run(called_off(order)) == joined


async def test_6_called_off_what_was_cut_off_is_uncertain_and_left_so(alone: Bench) -> None:
    alone.start()
    order = alone.order("vigil-do process.restart restart web-1")
    asking = asyncio.create_task(alone.run(order))
    with closing(Ledger(in_file(alone.state / LEDGER))) as ledger:
        await until(lambda: ledger.effects_of(order.run_key) != ())
    alone.kill()
    with pytest.raises(PortUnavailable):
        await asking
    starts = alone.supervised.starts("web-1")
    alone.start()
    answer = await alone.run(called_off(order))
    assert answer.status is ActionStatus.UNCERTAIN
    assert "had begun process.restart(restart)" in answer.output
    assert await alone.run(order) == answer
    assert alone.supervised.starts("web-1") == starts


async def test_6_called_off_it_is_answered_without_a_sandbox(alone: Bench) -> None:
    allowed = subprocess.run([*NO_NAMESPACES, "true"], check=False, capture_output=True)  # noqa: ASYNC221 - it takes milliseconds
    if allowed.returncode != 0:
        pytest.skip("this machine lets no ordinary program make a user namespace")
    alone.start(*NO_NAMESPACES)
    answer = await alone.run(called_off(alone.order(alone.to("one"))))
    assert answer.status is ActionStatus.NOT_BEGUN


async def test_7_a_client_that_goes_away_ends_no_run_and_the_lease_does(bench: Bench) -> None:
    in_time = bench.order(f"sleep 1.54\n{bench.to('one')}")
    too_long = bench.order(f"sleep 6.1\n{bench.to('one')}", lease=held(9.0))
    for order, sleeps, ends in ((in_time, "sleep 1.54", "one"), (too_long, "sleep 6.1", "two")):
        asking = asyncio.create_task(bench.run(order))
        await runs(sleeps)
        asking.cancel()
        await until(lambda: not bench.sandboxes())
        assert bench.current == ends
        bench.reset()
    assert (await bench.run(in_time)).status is ActionStatus.SUCCEEDED
    assert (await bench.run(too_long)).status is ActionStatus.TIMED_OUT


async def test_8_a_dry_run_says_what_each_call_would_do_and_does_nothing(bench: Bench) -> None:
    started = bench.supervised.starts("web-1")
    plan = bench.order(
        f"{bench.to('one')}\nvigil-do process.restart restart web-1\n"
        "vigil-do process.restart restart other\nvigil-do process.restart gone web-1"
    ).plan
    switch, restart, beyond, missing = await bench.sandbox.dry_run(plan)
    assert (switch.action, switch.ok) == ("a1", True)
    assert switch.call is not None
    assert switch.call.verb == "release.switch"
    assert "one" in switch.text
    assert restart.ok
    assert restart.text.startswith("restart web-1, which is ")
    assert (beyond.ok, missing.ok) == (False, False)
    assert "does not cover 'other'" in beyond.text
    assert "no grant 'gone'" in missing.text
    assert (bench.current, bench.supervised.starts("web-1")) == ("two", started)
    assert bench.logged_switches() == []
    # The plan itself may still be run: nothing of it counts as begun.
    assert (await bench.do(bench.to("one"))).status is ActionStatus.SUCCEEDED


async def test_8_a_dry_run_leaves_nothing_on_record_and_needs_no_sandbox(alone: Bench) -> None:
    alone.start(*NO_NAMESPACES)
    (switch,) = await alone.sandbox.dry_run(alone.order(alone.to("one")).plan)
    assert switch.ok
    with closing(sqlite3.connect(alone.state / LEDGER)) as ledger:
        for table in ("runs", "effects", "calls", "rates", "fences"):
            assert ledger.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)  # noqa: S608 - our own words


async def test_a_healthy_sandbox_says_so(bench: Bench) -> None:
    assert (await bench.sandbox.health()).ok
