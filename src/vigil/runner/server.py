"""The runner's own socket: orders come in, events go out."""

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import structlog
from pydantic import ValidationError

from vigil import flock, state_folder
from vigil.domain.errors import PermanentError, PlanMismatch, PortUnavailable, VigilError
from vigil.domain.plan import ActionResult, CallRecord, Plan
from vigil.domain.probe import ProbeRef
from vigil.domain.run import Health, RunOrder
from vigil.domain.wire import (
    REQUEST,
    AnyRequest,
    CallEvent,
    DryRunEvent,
    DryRunRequest,
    FinishedEvent,
    HealthEvent,
    HealthRequest,
    LookedEvent,
    LookRequest,
    OutputEvent,
    RefusedEvent,
    RunnerEvent,
)
from vigil.runner.limits import MAX_REQUEST_BYTES
from vigil.runner.runs import Attest, Listener, Runs, as_it_is
from vigil.runner.sockets import listening, peer_uid

SOCKET = "runner.sock"
LEDGER = "runner.sqlite"
LOCK = "runner.lock"
MAX_CONNECTIONS = 32
MAX_RUNS = 8
MAX_DRY_RUNS = 2
"""At once: nobody who is only asked about a plan may hold up one that is under way."""
_READ_S = 10.0
_WRITE_S = 10.0
_QUEUED_EVENTS = 4096
_END_SEEN_S = 0.05
"""How soon a listener to whom nothing happens sees that the run has ended."""
_log = structlog.get_logger("vigil.runner")


class _Running:
    """A run under way and everybody who listens to it."""

    def __init__(self, runs: Runs, order: RunOrder, attest: Attest) -> None:
        self.order = order
        self._listeners: set[asyncio.Queue[RunnerEvent]] = set()
        listener = Listener(line=self._line, call=self._call)
        self._loop = asyncio.get_running_loop()
        self.task = asyncio.create_task(runs.run(order, listener, attest))

    def _line(self, line: str) -> None:
        self._tell(OutputEvent(line=line))

    def _call(self, record: CallRecord) -> None:
        # Brokers answer in a thread; queues belong to the loop.
        self._loop.call_soon_threadsafe(self._tell, CallEvent(record=record))

    def _tell(self, event: RunnerEvent) -> None:
        for queue in self._listeners:
            # Who reads too slowly misses what happens meanwhile; the end comes another way.
            with contextlib.suppress(asyncio.QueueFull):
                queue.put_nowait(event)

    async def events(self) -> AsyncGenerator[RunnerEvent]:
        """What happens from now on, ending with how it ended.

        The run goes on when this listener goes away.
        """
        queue: asyncio.Queue[RunnerEvent] = asyncio.Queue(_QUEUED_EVENTS)
        self._listeners.add(queue)
        try:
            while not (self.task.done() and queue.empty()):
                with contextlib.suppress(TimeoutError):
                    yield await asyncio.wait_for(queue.get(), _END_SEEN_S)
            yield _end_of(self.task)
        finally:
            self._listeners.discard(queue)


def _end_of(task: "asyncio.Task[ActionResult]") -> RunnerEvent:
    try:
        return FinishedEvent(result=task.result())
    except VigilError as refusal:
        return RefusedEvent(error=type(refusal).__name__, text=str(refusal))
    except OSError as broken:  # a full disk, no more descriptors: not the order's fault
        text = f"the runner could not run it ({broken}); free what is exhausted and ask again"
        return RefusedEvent(error=PortUnavailable.__name__, text=text)


class Runner:
    """Serves orders until it is told to stop."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._running: dict[str, _Running] = {}
        self._connections = 0
        self._dry_runs = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request, then close."""
        self._connections += 1
        try:
            async with contextlib.aclosing(self._answer(reader, writer)) as events:
                async for event in events:
                    writer.write(event.model_dump_json().encode() + b"\n")
                    await asyncio.wait_for(writer.drain(), _WRITE_S)
        except (OSError, TimeoutError):
            _log.info("client went away")  # its run goes on
        finally:
            self._connections -= 1
            writer.close()

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> AsyncGenerator[RunnerEvent]:
        if peer_uid(writer.get_extra_info("socket")) != os.geteuid():
            yield RefusedEvent(
                error=PermanentError.__name__, text="only the runner's own user may ask"
            )
            return
        if self._connections > MAX_CONNECTIONS:
            yield RefusedEvent(
                error=PortUnavailable.__name__, text="the runner has too many connections"
            )
            return
        try:
            line = await asyncio.wait_for(reader.readuntil(b"\n"), _READ_S)
            request = REQUEST.validate_json(line)
        except (asyncio.LimitOverrunError, asyncio.IncompleteReadError) as cut:
            yield RefusedEvent(error=PermanentError.__name__, text=f"not one line: {cut}")
            return
        except ValidationError as wrong:
            mistakes = "; ".join(f"{e['loc']}: {e['msg']}" for e in wrong.errors()[:5])
            yield RefusedEvent(error=PermanentError.__name__, text=f"not a request: {mistakes}")
            return
        async with contextlib.aclosing(self.answer(request)) as events:
            async for event in events:
                yield event

    async def answer(
        self, request: AnyRequest, attest: Attest = as_it_is
    ) -> AsyncGenerator[RunnerEvent]:
        """What a request leads to; a run that was begun goes on when nobody listens any more.

        ``attest`` makes of a result what goes on record as the end.
        """
        if isinstance(request, HealthRequest):
            yield HealthEvent(health=await self._runs.isolation.health())
            return
        if isinstance(request, DryRunRequest):
            yield await self._dry_run(request.plan)
            return
        if isinstance(request, LookRequest):
            yield await self._look(request.probe)
            return
        async with contextlib.aclosing(self._run(request.order, attest)) as events:
            async for event in events:
                yield event

    async def _look(self, ref: ProbeRef) -> RunnerEvent:
        try:
            return LookedEvent(end=await self._runs.look(ref))
        except VigilError as refusal:
            return RefusedEvent(error=type(refusal).__name__, text=str(refusal))
        except OSError as broken:  # a full disk, no more descriptors
            text = f"the runner could not run it ({broken}); free what is exhausted"
            return RefusedEvent(error=PortUnavailable.__name__, text=text)

    async def _dry_run(self, plan: Plan) -> RunnerEvent:
        if self._dry_runs >= MAX_DRY_RUNS:
            text = "the runner is busy with other dry runs; ask again"
            return RefusedEvent(error=PortUnavailable.__name__, text=text)
        self._dry_runs += 1
        try:
            return DryRunEvent(foreseen=await self._runs.dry_run(plan))
        except VigilError as refusal:
            return RefusedEvent(error=type(refusal).__name__, text=str(refusal))
        finally:
            self._dry_runs -= 1

    async def _run(self, order: RunOrder, attest: Attest) -> AsyncGenerator[RunnerEvent]:
        running = self._running.get(order.run_key)
        if running is None:
            if len(self._running) >= MAX_RUNS:
                yield RefusedEvent(
                    error=PortUnavailable.__name__, text="the runner is busy; ask again"
                )
                return
            running = _Running(self._runs, order, attest)
            self._running[order.run_key] = running
            running.task.add_done_callback(lambda _: self._running.pop(order.run_key, None))
        elif not _same(running.order, order):
            text = f"another action runs under the key {order.run_key}: ask under a new key"
            yield RefusedEvent(error=PlanMismatch.__name__, text=text)
            return
        async with contextlib.aclosing(running.events()) as events:
            async for event in events:
                yield event

    async def close(self) -> None:
        """Kill what runs; each run may be asked for again under its key."""
        tasks = [running.task for running in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _same(one: RunOrder, other: RunOrder) -> bool:
    return (one.plan, one.approved_digest, one.action) == (
        other.plan,
        other.approved_digest,
        other.action,
    )


@contextlib.contextmanager
def only_runner(state: Path) -> Iterator[None]:
    """Be the only runner of this state folder; the lock goes with the process, however it ends.

    :raises LockHeld: another one is running.
    :raises SettingsError: the folder cannot be made.
    """
    state_folder.own(state)
    taken = f"another runner serves {state}: stop it first, or give this one a state of its own"
    with flock.locked(state / LOCK, taken):
        yield


def tell_ready(health: Health, **of_it: str) -> None:
    """To the log. A runner without a sandbox serves too, so that whoever asks is told why."""
    found = health.model_dump(mode="json") | of_it
    if health.ok:
        _log.info("runner ready", **found)
    else:
        _log.warning("runner serves, but runs nothing", **found)


async def serve(runs: Runs, state: Path, stop: asyncio.Event) -> None:
    """Serve orders below ``state`` until ``stop`` is set. Call it inside ``only_runner``."""
    runner = Runner(runs)
    health = await runs.isolation.health()
    server = await asyncio.start_unix_server(
        runner.serve, sock=listening(state / SOCKET), limit=MAX_REQUEST_BYTES
    )
    tell_ready(health, state=str(state))
    try:
        await stop.wait()
    finally:
        server.close()
        (state / SOCKET).unlink(missing_ok=True)
        await runner.close()
        _log.info("runner stopped")
