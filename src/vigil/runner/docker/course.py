"""One container from its making to its removal."""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from typing import Any

import structlog

from vigil.domain.errors import SandboxUnavailable
from vigil.runner.docker.ending import Found, read_report
from vigil.runner.docker.engine import Engine
from vigil.runner.docker.frames import Frames
from vigil.runner.docker.wire import EngineGone
from vigil.runner.isolation import End, Ended, Script
from vigil.runner.output import OnLine, Tail, pump

_DEATH_S = 5.0
"""In which process 1, told to end, ends all others and reports; after it the engine kills."""
_MAKING_S = 3.0
"""So much of the time that making takes is not the script's, and less than a lease has to spare."""
_log = structlog.get_logger("vigil.runner.docker")


class Course:
    """The course of one script, for which everything is made since ``began`` (monotonic)."""

    def __init__(self, engine: Engine, script: Script, began: float) -> None:
        self._engine = engine
        self._script = script
        self._name = script.broker.parent.name
        self._began = began
        self._latest = began + script.wall_s + _MAKING_S

    async def run(
        self, container: Mapping[str, Any], on_line: OnLine, kill: asyncio.Event
    ) -> Ended:
        """Make the container, start it, end it in time, remove it.

        :raises SandboxUnavailable: the engine refused to make or start it, or had it made too late.
        """
        try:
            await self._engine.create(self._name, container)
            found = await self._watched(on_line, kill)
        finally:
            removed = await self._removed()
        found = found._replace(removed=removed)
        return Ended(
            end=found.end,
            exit_code=found.exit_code,
            output=found.output,
            seconds=round(time.monotonic() - self._began, 3),
            peak=found.peak(self._script.limits),
        )

    async def _watched(self, on_line: OnLine, kill: asyncio.Event) -> Found:
        async with self._engine.attached(self._name) as (reader, writer):
            frames = Frames(reader)
            output = pump(frames, self._script.limits, on_line, self._script.hide)
            reading = asyncio.create_task(output)
            try:
                cut = await self._cut(reading, kill, over=await self._started())
                if cut is not None:
                    await _told_to_end(writer, reading)
                report = read_report(bytes(frames.report))
                # An engine that did not even end the stream is not asked.
                starved = report is None and reading.done() and await self._starved()
                writer.close()  # reading ends with it, also where the engine stands still
                return Found(cut, report, starved, removed=False, tail=await reading)
            finally:
                reading.cancel()

    async def _started(self) -> float:
        """When its time will be over; it runs from now on."""
        now = time.monotonic()
        if now > self._latest:
            raise SandboxUnavailable(
                "the Docker engine was so slow that no time is left for the script, and nothing "
                "was run: give the action more time, or the machine less to do"
            )
        # Without an answer it may have been started; the container itself will tell.
        with contextlib.suppress(EngineGone):
            await self._engine.start(self._name)
        return min(now + self._script.wall_s, self._latest)

    async def _cut(
        self, reading: "asyncio.Task[Tail]", kill: asyncio.Event, over: float
    ) -> End | None:
        """Wait until it has ended by itself (None), or has to be ended."""
        killing = asyncio.create_task(kill.wait())
        try:
            await asyncio.wait(
                {reading, killing},
                timeout=max(over - time.monotonic(), 0.0),
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            killing.cancel()
        if reading.done():
            return None
        return End.KILLED if kill.is_set() else End.TIMED_OUT

    async def _starved(self) -> bool:
        with contextlib.suppress(SandboxUnavailable):
            state = await self._engine.state(self._name)
            return state is not None and state.out_of_memory
        return False

    async def _removed(self) -> bool:
        """Whether it is gone, which it is also when it was never made."""
        try:
            await self._engine.remove(self._name)
        except SandboxUnavailable as left:
            # It ends itself when its time is over, and the next start of the runner removes it.
            _log.warning("not removed", sandbox=self._name, error=str(left))
            return False
        return True


async def _told_to_end(writer: asyncio.StreamWriter, reading: "asyncio.Task[Tail]") -> None:
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(_DEATH_S):
            writer.write(b"\n")
            await writer.drain()
            await asyncio.wait({reading})
