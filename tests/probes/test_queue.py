"""Queues of a real Redis (about 2 s)."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import redis.asyncio
from pydantic import ValidationError
from tests.support.probing import PROBE, look
from tests.support.programs import redis_server


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    with redis_server("--requirepass", "s3cret") as port:
        with redis.Redis(port=port, password="s3cret") as client:
            client.rpush("list", "a", "b", "c")
            client.zadd("zset", {"a": 1, "b": 2})
            client.sadd("set", "a")
            client.set("text", "a")
            for number in range(5):
                client.xadd("stream", {"number": number})
            client.xgroup_create("stream", "workers", id="0")
            client.xreadgroup("workers", "one", {"stream": ">"}, count=3)
            (first, *_) = client.xrange("stream")
            client.xack("stream", "workers", first[0])
        with redis.Redis(port=port, password="s3cret", db=1) as client:
            client.rpush("list", "a")
        yield port


@pytest.fixture
def where(server: int, tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "password"
    path.write_text("s3cret\n")
    return {"host": "127.0.0.1", "port": server, "password_file": str(path)}


@pytest.mark.parametrize(
    ("spec", "outcome", "value", "words"),
    [
        ({"key": "list", "max": 3}, "passing", 3, "has 3 entries, at most 3 is fine"),
        ({"key": "list", "max": 2}, "failing", 3, "has 3 entries, more than 2"),
        ({"key": "list", "max": 0, "db": 1}, "failing", 1, "has 1 entries"),
        ({"key": "zset", "max": 1}, "failing", 2, ""),
        ({"key": "set", "max": 1}, "passing", 1, ""),
        ({"key": "stream", "max": 5}, "passing", 5, ""),
        ({"key": "stream", "group": "workers", "max": 3}, "failing", 4, ""),
        ({"key": "nothing", "max": 0}, "passing", 0, ""),
        ({"key": "nothing", "group": "workers", "max": 0}, "unknown", None, "has no stream at"),
        ({"key": "text", "max": 9}, "unknown", None, "has no queue at 'text', but a string"),
        ({"key": "list", "group": "workers", "max": 9}, "unknown", None, "has no stream at 'list'"),
        ({"key": "stream", "group": "nobody", "max": 9}, "unknown", None, "no group 'nobody'"),
    ],
)
async def test_2_depths(
    where: dict[str, Any], spec: dict[str, Any], outcome: str, value: int | None, words: str
) -> None:
    result = await look(kind="queue", **where, **spec)
    assert (result.outcome, result.value) == (outcome, value), result.text
    assert words in result.text


async def test_2_without_the_right_password_it_is_unknown(
    where: dict[str, Any], tmp_path: Path
) -> None:
    wrong, empty = tmp_path / "wrong", tmp_path / "empty"
    wrong.write_text("hunter2\n")
    empty.write_text("")
    for path in (None, str(wrong), str(empty), str(tmp_path / "none")):
        spec = where | {"key": "list", "max": 9, "password_file": path}
        result = await look(kind="queue", **spec)
        assert result.outcome == "unknown", result.text
        assert "hunter2" not in result.text


@pytest.mark.parametrize(
    ("move", "outcome", "words"),
    [
        (+1, "failing", "and only grew in 0.5 s"),
        (-1, "passing", "at most 5000 is fine"),
        (0, "passing", "at most 5000 is fine"),
    ],
)
async def test_2_a_queue_that_only_grows_is_failing(
    where: dict[str, Any], move: int, outcome: str, words: str
) -> None:
    """While it is looked at, somebody does the same again and again."""
    async with redis.asyncio.Redis(port=where["port"], password="s3cret") as client:
        await client.delete("moving")
        await client.rpush("moving", *map(str, range(1000)))

        async def go_on() -> None:
            while True:
                if move > 0:
                    await client.rpush("moving", "more")
                elif move < 0:
                    await client.lpop("moving")
                await asyncio.sleep(0.001)

        others = asyncio.create_task(go_on())
        result = await look(kind="queue", **where, key="moving", max=5000, drains_s=0.5)
        others.cancel()
    assert (result.outcome, words in result.text) == (outcome, True), result.text


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (b"-LOADING Redis is loading\r\n", "failing"),
        (b"HTTP/1.1 400 no\r\n", "failing"),
        (b"$-9\r\n", "unknown"),
        (b"", "failing"),
        (b":5\r\n", "unknown"),
        (b"*1\r\n$4\r\nlist\r\n", "unknown"),
        (b"-NOPERM this user has no permissions\r\n", "unknown"),
    ],
)
async def test_2_what_is_no_redis(reply: bytes, outcome: str) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(64) and reply:
            writer.write(reply)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        where = {"host": "127.0.0.1", "port": server.sockets[0].getsockname()[1]}
        result = await look(kind="queue", **where, key="orders", max=1, timeout_s=10.0)
    assert result.outcome == outcome, result.text
    assert "itself broke" not in result.text


@pytest.mark.parametrize(
    "spec",
    [
        {"max": -1},
        {"max": float("nan")},
        {"max": float("inf")},
        {"key": ""},
        {"drains_s": 3.0},
        {"drains_s": 0.1},
        {"password_file": "here"},
    ],
)
def test_mistakes_are_found_when_the_catalogue_is_read(spec: dict[str, Any]) -> None:
    whole = {"kind": "queue", "host": "h", "port": 1, "key": "k", "max": 1} | spec
    with pytest.raises(ValidationError):
        PROBE.validate_python(whole)
