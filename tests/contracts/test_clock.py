"""The promises of ``ports.clock``."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from vigil.integrations.clock.system import SystemClock
from vigil.ports.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return SystemClock()


def test_1_now_is_aware_utc_and_right(clock: Clock) -> None:
    now = clock.now()
    assert now.utcoffset() == timedelta(0)
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)


def test_2_elapsed_never_runs_backwards(clock: Clock) -> None:
    seen = [clock.elapsed() for _ in range(1000)]
    assert all(earlier <= later for earlier, later in pairwise(seen))


def test_3_ids_are_unique_sorted_and_of_one_length(clock: Clock) -> None:
    ids = [clock.new_id() for _ in range(5000)]
    assert len(set(ids)) == len(ids)
    assert ids == sorted(ids)
    assert {len(one) for one in ids} == {20}
    assert set("".join(ids)) <= set("0123456789abcdefghjkmnpqrstvwxyz")


def test_3_ids_are_unique_over_threads_and_clocks() -> None:
    clocks = [SystemClock() for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda n: clocks[n % 4].new_id(), range(4000)))
    assert len(set(ids)) == len(ids)


def test_3_ids_keep_their_order_when_the_wall_clock_is_set_back() -> None:
    clock = SystemClock()
    future = time.time_ns() // 1_000_000 + 3_600_000
    clock._newest = (future, 7)
    first, second = clock.new_id(), clock.new_id()
    assert first < second


async def test_sleep_waits_and_lets_others_run(clock: Clock) -> None:
    started, turns = clock.elapsed(), 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0.005)

    counting = asyncio.create_task(count())
    await clock.sleep(0.05)
    counting.cancel()
    assert clock.elapsed() - started >= 0.045
    assert turns > 1
    await clock.sleep(-1)
