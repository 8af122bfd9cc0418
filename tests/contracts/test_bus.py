"""The promises of the bus, by number, within one process and over a real Redis (6 s)."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from itertools import count

import pytest
import redis
from tests.support.buses import (
    BreakableRedis,
    Reader,
    becomes_well,
    breakable_redis,
    heard_until,
    kept_going,
    news,
    next_word,
    redis_bus,
)
from tests.support.programs import free_port

from vigil.domain.course import Course
from vigil.domain.incident import Stage
from vigil.domain.news import Gap, News
from vigil.integrations.bus import redis as over_redis
from vigil.integrations.bus import shelf
from vigil.integrations.bus.embedded import EmbeddedBus
from vigil.ports.bus import LONGEST_WAIT_S, MOST_UNHEARD, Bus

_numbers = count()


@pytest.fixture(scope="module")
def server() -> Iterator[BreakableRedis]:
    with breakable_redis() as started:
        yield started


@pytest.fixture
def installation() -> str:
    """Each test has a part of that Redis of its own."""
    return f"test{next(_numbers)}"


@pytest.fixture(params=["embedded", "redis"])
async def bus(request: pytest.FixtureRequest, installation: str) -> AsyncIterator[Bus]:
    """Of one process among several."""
    if request.param == "embedded":
        yield EmbeddedBus(time.monotonic, alone=False)
        return
    over = redis_bus(request.getfixturevalue("server").url(), installation)
    async with kept_going(over):
        yield over


@pytest.fixture
async def two(server: BreakableRedis, installation: str) -> AsyncIterator[tuple[Bus, Bus]]:
    """Of two processes that share a Redis."""
    pair = redis_bus(server.url(), installation), redis_bus(server.url(), installation)
    async with kept_going(*pair):
        yield pair


async def test_1_every_listener_hears_what_is_announced(bus: Bus) -> None:
    async with aclosing(bus.listen()) as one, aclosing(bus.listen()) as other:
        for words in (one, other):
            assert isinstance(await next_word(words), Gap)
        bus.announce([news("a", 3), news("b", 4)])
        for words in (one, other):
            assert {await next_word(words), await next_word(words)} == {news("a", 3), news("b", 4)}


async def test_1_of_several_changes_of_one_incident_the_newest_is_heard(bus: Bus) -> None:
    async with aclosing(bus.listen()) as words:
        await next_word(words)
        for version in (1, 3, 2):
            bus.announce([news("a", version)])
        assert await next_word(words) == news("a", 3)


async def test_1_others_are_heard_as_far_as_the_last_gap_said_so(two: tuple[Bus, Bus]) -> None:
    one, other = two
    async with aclosing(one.listen()) as words:
        assert await next_word(words) == Gap(all_heard=True)
        other.announce([news("a", 7)])
        heard = await heard_until(words, lambda word: isinstance(word, News))
        assert heard[-1] == news("a", 7)
    alone = EmbeddedBus(time.monotonic, alone=True)
    for bus, all_heard in ((alone, True), (EmbeddedBus(time.monotonic, alone=False), False)):
        async with aclosing(bus.listen()) as words:
            assert await next_word(words) == Gap(all_heard=all_heard)


async def test_1_other_installations_are_not_heard(
    server: BreakableRedis, two: tuple[Bus, Bus]
) -> None:
    stranger = redis_bus(server.url(), "stranger")
    async with kept_going(stranger), aclosing(two[0].listen()) as words:
        await next_word(words)
        stranger.announce([news("theirs")])
        await asyncio.sleep(0.1)
        two[1].announce([news("ours")])
        heard = await heard_until(words, lambda word: isinstance(word, News))
    assert heard[-1] == news("ours")


async def test_2_a_slow_listener_is_told_so_and_costs_no_more_memory(bus: Bus) -> None:
    async with aclosing(bus.listen()) as words:
        await next_word(words)
        for number in range(10 * MOST_UNHEARD):
            bus.announce([news(f"i{number}")])
        assert isinstance(await next_word(words), Gap), "and it stands for everything before it"
        bus.announce([news("next")])
        assert await next_word(words) == news("next")


async def test_2_as_much_as_a_listener_may_leave_lying_is_heard_whole(bus: Bus) -> None:
    async with aclosing(bus.listen()) as words:
        await next_word(words)
        expected = {news(f"i{number}") for number in range(MOST_UNHEARD)}
        bus.announce(expected)
        assert {await next_word(words) for _ in expected} == expected


async def test_3_a_burst_at_once_and_then_the_rate(bus: Bus) -> None:
    assert await bus.room("s", 7, rate=0.001, burst=10) == 7
    assert await bus.room("s", 7, rate=0.001, burst=10) == 3
    assert await bus.room("s", 7, rate=0.001, burst=10) == 0
    assert await bus.room("other", 7, rate=0.001, burst=10) == 7
    began, given = time.monotonic(), 0
    while time.monotonic() - began < 0.3:
        given += await bus.room("t", 5, rate=100.0, burst=10)
        await asyncio.sleep(0.01)
    assert 10 < given <= 10 + 100 * (time.monotonic() - began)


async def test_3_nothing_is_given_that_was_not_wanted(bus: Bus) -> None:
    for wanted in (0, -5):
        assert await bus.room("s", wanted, rate=0.001, burst=10) == 0
    assert await bus.room("s", 10**9, rate=0.001, burst=10) == 10


async def test_3_all_who_share_it_together_get_what_one_would_get(two: tuple[Bus, Bus]) -> None:
    asked = [bus.room("s", 1, rate=0.001, burst=10) for bus in two * 20]
    assert sum(await asyncio.gather(*asked)) == 10


async def test_4_what_was_read_at_this_version_is_not_read_again(bus: Bus) -> None:
    read = Reader(Stage.INVESTIGATING, Stage.ESCALATED)
    for _ in range(3):
        assert await bus.remembered(news("a", 1), read) == read.course
    assert read.times == 1


async def test_4_what_was_read_at_a_version_before_is_never_given(bus: Bus) -> None:
    old, new, late = Reader(), Reader(Stage.INVESTIGATING, Stage.ESCALATED), Reader()
    await bus.remembered(news("a", 1), old)
    assert await bus.remembered(news("a", 2), new) == new.course
    # Somebody slow puts back what is old.
    await bus.remembered(news("a", 1), late)
    assert await bus.remembered(news("a", 2), new) == new.course


async def test_4_what_one_has_read_the_others_need_not_read(two: tuple[Bus, Bus]) -> None:
    read, not_needed = Reader(), Reader()
    assert await two[0].remembered(news("a", 5), read) == read.course
    assert await two[1].remembered(news("a", 5), not_needed) == read.course
    assert not_needed.times == 0
    assert await two[1].remembered(news("a", 6), not_needed) == not_needed.course


async def test_4_what_reading_raises_is_raised_and_not_remembered(bus: Bus) -> None:
    async def fails() -> Course:
        raise LookupError("gone")

    with pytest.raises(LookupError):
        await bus.remembered(news("a", 1), fails)
    read = Reader()
    assert await bus.remembered(news("a", 1), read) == read.course


async def test_5_where_nothing_is_behind_it_everything_goes_on() -> None:
    over = redis_bus(f"redis://127.0.0.1:{free_port()}")
    tasks = [asyncio.ensure_future(loop()) for loop in over.background]
    await asyncio.sleep(0.05)
    async with aclosing(over.listen()) as words:
        assert await next_word(words) == Gap(all_heard=False)
        over.announce([news()])
        assert await next_word(words) == news()
    assert await over.room("s", 20, rate=0.001, burst=10) == 10
    read = Reader()
    assert await over.remembered(news(), read) == await over.remembered(news(), read)
    assert read.times == 1
    await becomes_well(over, well=False)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_5_no_call_waits_longer_for_a_redis_that_hangs(installation: str) -> None:
    with breakable_redis() as server:
        over = redis_bus(server.url(), installation)
        calls: list[Callable[[], object]] = []
        async with kept_going(over):
            with server.frozen():
                calls = [
                    lambda: over.room("s", 1, rate=1.0, burst=1),
                    lambda: over.remembered(news(), Reader()),
                ] * 40
                began = time.monotonic()
                for call in calls:
                    await call()  # type: ignore[misc] # two kinds of coroutine
                took = time.monotonic() - began
                assert took < len(calls) * LONGEST_WAIT_S / 2, "one waited, once"
                began = time.monotonic()
                for _ in range(100):
                    over.announce([news()])
                assert time.monotonic() - began < 100 * LONGEST_WAIT_S / 2, "nobody waited"
            await becomes_well(over)


async def test_5_it_may_be_announced_in_any_thread(bus: Bus) -> None:
    async with aclosing(bus.listen()) as words:
        await next_word(words)
        threads = [
            threading.Thread(target=lambda n=n: bus.announce([news(f"i{n}")])) for n in range(20)
        ]
        for thread in threads:
            thread.start()
        heard = {await next_word(words) for _ in threads}
        for thread in threads:
            thread.join()
    assert heard == {news(f"i{n}") for n in range(20)}


async def test_6_what_is_remembered_is_bounded(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "MOST_COURSES", 20)
    monkeypatch.setattr(over_redis, "MOST_COURSES", 8)
    for number in range(100):
        await bus.remembered(news(f"i{number}"), Reader())
    assert len(bus._shelf._courses) == 20  # type: ignore[attr-defined] # of both adapters


async def test_6_what_stands_in_redis_is_bounded_ends_by_itself_and_is_not_private(
    server: BreakableRedis, installation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(over_redis, "MOST_COURSES", 8)
    over = redis_bus(server.url(), installation)
    async with kept_going(over):
        for number in range(100):
            await over.remembered(news(f"i{number}"), Reader())
        await over.room("alertmanager", 1, rate=10.0, burst=100)
        with redis.Redis(port=server.port) as looking:
            prefix = f"vigil:{installation}:"
            keys = [key.decode() for key in looking.keys(f"{prefix}*")]
            kinds = {key.removeprefix(prefix).split(":")[0] for key in keys}
            courses = [key for key in keys if key.startswith(f"{prefix}course:")]
            assert kinds == {"course", "room"}
            assert len(courses) == 8
            assert all(0 < looking.ttl(key) <= over_redis.COURSE_TTL_S for key in keys)
            kept = looking.get(courses[0])
    assert isinstance(kept, bytes)
    assert set(Reader().course.model_dump()) == {"entered"}
    assert b'"entered":[{"stage":"INVESTIGATING","at":"2026-03-01T12:00:00Z"}]' in kept
