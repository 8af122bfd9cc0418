"""Buses as the processes of one installation have them, and a Redis that things happen to."""

import asyncio
import signal
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import DEVNULL, Popen

from tests.support.programs import accepts, binary, free_port, short_folder, wait_until

from vigil.domain.course import Course, Entered
from vigil.domain.incident import Stage
from vigil.domain.news import Gap, News
from vigil.integrations.bus.redis import RedisBus

PATIENCE_S = 10.0
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class BreakableRedis:
    """A Redis of the test's own; each start begins with nothing in it."""

    port: int
    folder: Path
    options: tuple[str, ...] = ()
    process: Popen[bytes] | None = None

    def url(self, password: str = "") -> str:
        return f"redis://{f':{password}@' if password else ''}127.0.0.1:{self.port}/0"

    def start(self) -> None:
        command = [binary("redis-server"), "--port", str(self.port), "--bind", "127.0.0.1"]
        command += ["--save", "", "--dir", str(self.folder), *self.options]
        self.process = Popen(command, stdout=DEVNULL, stderr=DEVNULL)
        wait_until(lambda: accepts(self.port), "redis-server", self.process)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It keeps every connection and says nothing."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


@contextmanager
def breakable_redis(*options: str) -> Iterator[BreakableRedis]:
    with short_folder() as folder:
        redis = BreakableRedis(free_port(), folder, options)
        redis.start()
        try:
            yield redis
        finally:
            redis.kill()


def redis_bus(url: str, installation: str = "test", *, alone: bool = False) -> RedisBus:
    """As one process has it."""
    return RedisBus(url, installation, time.monotonic, alone=alone)


@asynccontextmanager
async def kept_going(*buses: RedisBus) -> AsyncIterator[None]:
    """Their loops run, as beside an engine; each has found its Redis."""
    tasks = [asyncio.ensure_future(loop()) for bus in buses for loop in bus.background]
    try:
        for bus in buses:
            await becomes_well(bus)
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def becomes_well(bus: RedisBus, *, well: bool = True) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while (await bus.health()).ok is not well:  # noqa: ASYNC110 - as /ready asks it
            await asyncio.sleep(0.02)


async def next_word(words: AsyncGenerator[News | Gap, None]) -> News | Gap:
    async with asyncio.timeout(PATIENCE_S):
        return await anext(words)


async def heard_until(
    words: AsyncGenerator[News | Gap, None], enough: Callable[[News | Gap], bool]
) -> list[News | Gap]:
    """Everything that is heard up to the first word that is enough."""
    heard = [await next_word(words)]
    while not enough(heard[-1]):
        heard.append(await next_word(words))
    return heard


def news(incident: str = "a", version: int = 1) -> News:
    return News(incident=incident, seq=version, version=version)


def course(*stages: Stage) -> Course:
    """One stage a second."""
    return Course(
        entered=tuple(
            Entered(stage=stage, at=START + timedelta(seconds=number))
            for number, stage in enumerate(stages)
        )
    )


class Reader:
    """Reads a course, and counts how often it was asked to."""

    def __init__(self, *stages: Stage) -> None:
        self.course = course(*(stages or (Stage.INVESTIGATING,)))
        self.times = 0

    async def __call__(self) -> Course:
        self.times += 1
        return self.course
