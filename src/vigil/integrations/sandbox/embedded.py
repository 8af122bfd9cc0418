"""The runner's client: bubblewrap on this machine, behind a unix socket."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import ValidationError

from vigil.domain.errors import PortUnavailable
from vigil.domain.foreseen import Foreseen
from vigil.domain.plan import ActionResult, Plan
from vigil.domain.probe import ProbeRef
from vigil.domain.probes.command import CommandEnd
from vigil.domain.run import Health, RunOrder
from vigil.domain.wire import (
    EVENT,
    DryRunEvent,
    DryRunRequest,
    HealthEvent,
    HealthRequest,
    LookedEvent,
    LookRequest,
    RunnerEvent,
    RunRequest,
)
from vigil.integrations.sandbox.hearing import hear, ignored
from vigil.ports.sandbox import OnOutput

_MAX_LINE_BYTES = 1024 * 1024
_CONNECT_S = 3.0
_HEALTH_S = 30.0
_DRY_RUN_S = 40.0
"""Longer than the runner takes that looks at one target after the other."""
_LOOK_S = 60.0
"""Longer than any command may take that waited for another one's end."""
_AFTER_LEASE_S = 45.0
"""The runner waits for a call under way before it answers; it is never left longer than this."""


class RunnerSandbox:
    """Asks ``vigil runner`` at STATE/runner.sock; fulfils ``ports.commands.Commands`` too.

    Nothing is retried here: a connection that is lost is ``PortUnavailable``, and asking again with
    the same run key joins the run if it is still under way and answers from the record if it ended.
    """

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    async def run(self, order: RunOrder, on_output: OnOutput) -> ActionResult:
        """See the port."""
        deadline_s = order.lease.seconds + _AFTER_LEASE_S
        request = RunRequest(op="run", order=order).model_dump_json()
        async with self._within(deadline_s), self._asked(request) as reader:
            while event := await _next(reader):
                result = await hear(event, on_output)
                if result is not None:
                    return result
        raise self._lost("it ended its answer before the run had ended")

    async def dry_run(self, plan: Plan) -> tuple[Foreseen, ...]:
        """See the port."""
        request = DryRunRequest(op="dry_run", plan=plan).model_dump_json()
        async with self._within(_DRY_RUN_S), self._asked(request) as reader:
            event = await _next(reader)
            if isinstance(event, DryRunEvent):
                return event.foreseen
            if event is not None:
                await hear(event, ignored)
        raise self._lost("it ended its answer too early")

    async def look(self, ref: ProbeRef) -> CommandEnd:
        """Run the command of a probe; see ``ports.commands``."""
        request = LookRequest(op="look", probe=ref).model_dump_json()
        try:
            async with self._within(_LOOK_S), self._asked(request) as reader:
                event = await _next(reader)
        except PortUnavailable as lost:
            text = f"the runner at {self._socket} does not answer; see that `vigil serve` runs"
            raise PortUnavailable(text) from lost
        if isinstance(event, LookedEvent):
            return event.end
        if event is not None:
            await hear(event, ignored)
        raise PortUnavailable(f"the runner at {self._socket} ended its answer too early")

    async def health(self) -> Health:
        """See the port."""
        try:
            async with (
                self._within(_HEALTH_S),
                self._asked(HealthRequest(op="health").model_dump_json()) as reader,
            ):
                event = await _next(reader)
            if isinstance(event, HealthEvent):
                return event.health
            text = str(self._lost("it did not answer the question"))
        except PortUnavailable as silent:
            text = str(silent)
        return Health(part="sandbox", ok=False, text=text, remedy="start it with `vigil runner`")

    @asynccontextmanager
    async def _within(self, seconds: float) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError as late:
            raise self._lost(f"it did not answer within {seconds:.0f} s") from late

    @asynccontextmanager
    async def _asked(self, request: str) -> AsyncIterator[asyncio.StreamReader]:
        """Send a request; the answers come from the reader."""
        try:
            reader, writer = await self._connected()
            try:
                writer.write(f"{request}\n".encode())
                await writer.drain()
                yield reader
            finally:
                writer.close()
        except ValidationError as strange:
            raise self._lost("it does not speak the language of this version") from strange
        except (ConnectionError, FileNotFoundError, PermissionError, NotADirectoryError) as gone:
            raise self._lost(str(gone)) from gone

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        # Through a descriptor: a socket's address is short, a path to a state folder may not be.
        folder = os.open(self._socket.parent, os.O_PATH | os.O_DIRECTORY)
        try:
            async with asyncio.timeout(_CONNECT_S):
                return await asyncio.open_unix_connection(
                    f"/proc/self/fd/{folder}/{self._socket.name}", limit=_MAX_LINE_BYTES
                )
        finally:
            os.close(folder)

    def _lost(self, why: str) -> PortUnavailable:
        return PortUnavailable(
            f"the runner at {self._socket}: {why}. What it did is in its ledger; ask again with "
            "the same run key"
        )


async def _next(reader: asyncio.StreamReader) -> RunnerEvent | None:
    """The next event; None when the runner has closed the connection, also in mid-line."""
    try:
        line = await reader.readuntil(b"\n")
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError as endless:
        raise ConnectionError(f"an answer is too long: {endless}") from endless
    return EVENT.validate_json(line)
