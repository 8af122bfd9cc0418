"""What happens to a Redis, and what Vigil does meanwhile: real servers, real processes (20 s)."""

import asyncio
import subprocess
import sys
import time
from contextlib import aclosing
from pathlib import Path

import pytest
import redis
from structlog.testing import capture_logs
from tests.support.buses import (
    Reader,
    becomes_well,
    breakable_redis,
    heard_until,
    kept_going,
    news,
    next_word,
    redis_bus,
)
from tests.support.record import at
from tests.web.house import BEARER, served

from vigil.domain.news import Gap, News
from vigil.integrations.bus import contact
from vigil.integrations.bus.line import FIRST_PAUSE_S, LONGEST_PAUSE_S, Pauses
from vigil.integrations.bus.wire import MOST_COURSE_BYTES, Told
from vigil.ports.bus import LONGEST_WAIT_S
from vigil.ports.journal import Note

ROOT = Path(__file__).parents[2]
PASSWORD = "a-password/of the#test"
PAGES = 40
QUOTED = "a-password%2Fof%20the%23test"


async def test_killed_and_started_again_nothing_is_lost_and_nobody_is_needed() -> None:
    with breakable_redis() as server:
        one, other = redis_bus(server.url()), redis_bus(server.url())
        async with kept_going(one, other), aclosing(one.listen()) as words:
            assert await next_word(words) == Gap(all_heard=True)
            with capture_logs() as logs:
                server.kill()
                heard = await heard_until(words, lambda word: word == Gap(all_heard=False))
                assert all(isinstance(word, Gap) for word in heard)
                one.announce([news("while away", 1)])
                other.announce([news("unheard", 1)])
                assert await next_word(words) == news("while away", 1)
                health = await one.health()
                assert not health.ok
                assert f"127.0.0.1:{server.port}" in health.text
                assert "Nothing is lost" in health.text
                await asyncio.sleep(1)
                server.start()
                await heard_until(words, lambda word: word == Gap(all_heard=True))
                await becomes_well(one)
                await becomes_well(other)
            other.announce([news("again", 1)])
            while await next_word(words) != news("again", 1):
                # A gap: a word may have been said in vain, where the machine was too busy for it.
                other.announce([news("again", 1)])
    for event in ("bus lost", "bus found"):
        assert len([log for log in logs if log["event"] == event]) == 2, "each of both says it once"


async def test_a_redis_that_is_there_later_is_found() -> None:
    with breakable_redis() as server:
        server.kill()
        bus = redis_bus(server.url(), alone=True)
        tasks = [asyncio.ensure_future(loop()) for loop in bus.background]
        async with aclosing(bus.listen()) as words:
            assert await next_word(words) == Gap(all_heard=True), "nobody else writes"
            await asyncio.sleep(0.2)
            server.start()
            await becomes_well(bus)
            assert await next_word(words) == Gap(all_heard=True)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_listeners_are_told_when_nobody_hears_others_any_more() -> None:
    with breakable_redis() as server:
        bus = redis_bus(server.url())
        async with aclosing(bus.listen()) as words:
            async with kept_going(bus):
                await heard_until(words, lambda word: word == Gap(all_heard=True))
            await heard_until(words, lambda word: word == Gap(all_heard=False))
        assert not (await bus.health()).ok


async def test_a_redis_that_hangs_is_noticed_and_one_that_goes_on_is_used_again() -> None:
    with breakable_redis() as server:
        bus = redis_bus(server.url())
        async with kept_going(bus), aclosing(bus.listen()) as words:
            await next_word(words)
            with server.frozen():
                began = time.monotonic()
                await heard_until(words, lambda word: word == Gap(all_heard=False))
                noticed_s = contact.QUIET_S + contact.TRIES * LONGEST_WAIT_S
                assert time.monotonic() - began < noticed_s + 20
                assert "no answer" in (await bus.health()).text
            await heard_until(words, lambda word: word == Gap(all_heard=True))
            assert (await bus.health()).ok


async def test_connections_that_are_cut_cost_a_word_and_no_alarm() -> None:
    with breakable_redis() as server:
        bus = redis_bus(server.url())
        async with kept_going(bus), aclosing(bus.listen()) as words:
            await next_word(words)
            with redis.Redis(port=server.port) as looking, capture_logs() as logs:
                assert await bus.room("s", 1, rate=0.001, burst=10) == 1
                looking.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                assert await bus.room("s", 1, rate=0.001, burst=10) == 1
                async with asyncio.timeout(5):
                    await bus._line.well.wait()
                assert await bus.room("s", 10, rate=0.001, burst=10) in {8, 9}
                assert logs == []
                looking.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
                await heard_until(words, lambda word: word == Gap(all_heard=True))


async def test_a_page_waits_for_a_hanging_redis_no_longer_than_the_deadline(
    tmp_path: Path,
) -> None:
    with breakable_redis() as server:
        bus = redis_bus(server.url())
        async with kept_going(bus), served(tmp_path, bus) as house:
            incident, _ = await house.waiting()
            path = f"/api/incidents/{incident.id}"
            await house.client.get(path, headers=BEARER)
            await house.record.journal.append(incident.id, [Note(kind="n")], at(9))
            with server.frozen():
                began = time.monotonic()
                for _ in range(PAGES):
                    answer = await house.client.get(path, headers=BEARER)
                    assert answer.status_code == 200
                    note = Note(kind="n")
                    await house.record.journal.append(incident.id, [note], at(9))
                took = time.monotonic() - began
                assert took < PAGES * LONGEST_WAIT_S, "only the first of them waited"
            await becomes_well(bus)


ODD = [
    b"",
    b"\xff\xfe",
    b"null",
    b"[]",
    b"{}",
    b'{"speaker": "x"',
    b'{"speaker": "x", "changed": [["a", 1]]}',
    b'{"speaker": "x", "changed": [["a", -1, 1]]}',
    b'{"speaker": "x", "changed": [["a", "1", 1]]}',
    b'{"speaker": "x", "changed": [["<script>", 1, 1]]}',
    b'{"speaker": "x", "missed": 1}',
    b'{"speaker": "x", "further": true}',
    b"[" * 60_000,
    b'{"speaker": "x", "changed": [' + b", ".join([b'["a", 1, 1]'] * 501) + b"]}",
    b'{"speaker": "x", "missed": true}' + b" " * 70_000,
]


async def test_what_is_odd_on_the_channel_is_as_good_as_unsaid() -> None:
    with breakable_redis() as server:
        bus = redis_bus(server.url(), "test")
        async with kept_going(bus), aclosing(bus.listen()) as words:
            await next_word(words)
            with redis.Redis(port=server.port) as looking:
                for said in ODD:
                    assert looking.publish("vigil:test:news", said) == 1
                sound = Told.by("x", (news("sound"),)).model_dump_json()
                looking.publish("vigil:test:news", sound)
            heard = await heard_until(words, lambda word: isinstance(word, News))
            assert (await bus.health()).ok
    assert heard == [news("sound")]


async def test_what_is_odd_in_redis_is_as_good_as_not_there() -> None:
    sound = Reader()
    with breakable_redis() as server, redis.Redis(port=server.port) as looking:
        bus = redis_bus(server.url(), "test")
        async with kept_going(bus):
            place = bus._place(news("a"))
            entry = b'{"incident":"a","version":%d,"course":{"entered":[]}}'
            long_one = entry % 1 + b" " * MOST_COURSE_BYTES
            for odd in (b"", b"\xff", b"{}", entry % 2, entry % 1 + b"x", long_one):
                looking.set(place, odd)
                bus._shelf._courses.clear()
                assert await bus.remembered(news("a", 1), sound) == sound.course
            looking.delete(place)
            looking.rpush(place, "a list")
            bus._shelf._courses.clear()
            assert await bus.remembered(news("a", 1), sound) == sound.course
            assert looking.type(place) == b"string", "put right"

            bucket = "vigil:test:room:s"
            looking.rpush(bucket, "a list")
            assert await bus.room("s", 100, rate=0.001, burst=10) == 10
            for tokens, since in (
                *(("nan", "nan"), ("inf", "-inf"), ("-1e308", "1"), ("x", "y")),
                *(("1e308", "1e308"), ("", ""), ("0x10", "0")),
            ):
                looking.hset(bucket, mapping={"tokens": tokens, "since": since})
                assert 0 <= await bus.room("s", 100, rate=0.001, burst=10) <= 10
            assert (await bus.health()).ok
            assert bus._line.well.is_set()


async def test_a_password_is_used_and_never_shown() -> None:
    with breakable_redis("--requirepass", PASSWORD) as server, capture_logs() as logs:
        right = redis_bus(server.url(QUOTED))
        async with kept_going(right):
            assert (await right.health()).ok
        for wrong in (redis_bus(server.url()), redis_bus(server.url("wr0ng-passw0rd"))):
            health = await wrong.try_out()
            assert not health.ok
            assert "auth" in health.text.lower() or "password" in health.text.lower()
            assert "wr0ng" not in f"{health} {vars(wrong)} {wrong._line.address!r}"
        shown = f"{logs} {vars(right)} {right._line.address!r} {right._line.address}"
    assert PASSWORD not in shown
    assert QUOTED not in shown


async def test_a_redis_that_takes_no_writes_is_none() -> None:
    with breakable_redis("--maxmemory", "1", "--maxmemory-policy", "noeviction") as server:
        bus = redis_bus(server.url())
        health = await bus.try_out()
        assert not health.ok
        assert "memory" in health.text


DRAWING = """
import asyncio, sys, time
from tests.support.buses import kept_going, redis_bus
from vigil.integrations.bus import line

# A machine that is busy with other tests is not what this is about.
line.LONGEST_WAIT_S = 5

async def draw():
    bus, given = redis_bus(sys.argv[1], "shared"), 0
    async with kept_going(bus):
        print("ready", file=sys.stderr, flush=True)
        sys.stdin.readline()
        end = time.monotonic() + 1
        while time.monotonic() < end:
            given += await bus.room("s", 3, rate=50.0, burst=30)
            await asyncio.sleep(0.005)
    print(given, file=sys.stderr)

asyncio.run(draw())
"""


def test_two_processes_keep_to_one_limit() -> None:
    with breakable_redis() as server:
        command = [sys.executable, "-c", DRAWING, server.url()]
        processes = [
            subprocess.Popen(
                # What it logs goes to its standard output.
                command,
                cwd=ROOT,
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
            for _ in range(2)
        ]
        for process in processes:
            assert process.stderr is not None
            assert process.stderr.readline() == "ready\n"
        began = time.monotonic()
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        given = [int(process.communicate(timeout=20)[1]) for process in processes]
        took = time.monotonic() - began
    assert all(given)
    assert 60 <= sum(given) <= 30 + 50 * took


@pytest.mark.parametrize("tries", [1, 5, 20])
def test_pauses_grow_and_are_bounded(tries: int) -> None:
    pauses = Pauses()
    found = [pauses.following() for _ in range(tries)]
    assert FIRST_PAUSE_S / 2 <= found[0] <= FIRST_PAUSE_S
    assert max(found) <= LONGEST_PAUSE_S
    pauses.reset()
    assert pauses.following() <= FIRST_PAUSE_S
