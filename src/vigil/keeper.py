"""A thread that shows that this worker lives, whatever its event loop is busy with.

It has an event loop and threads of its own, so that neither a long computation nor a crowd of
waiting writers keeps it from its beats, or the leases of locks from being renewed. When others have
given this worker up, it ends the process on the spot: everything that it still might do is being
done elsewhere.
"""

import asyncio
import os
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar

import structlog

from vigil.domain.errors import PermanentError, TemporaryError
from vigil.ports.clock import Clock
from vigil.ports.locks import Locks
from vigil.ports.workers import BEAT_S, LEASE_S, Role, Worker, Workers, WorkerState

log = structlog.get_logger()

T = TypeVar("T")
Task = Callable[[], Coroutine[Any, Any, None]]

STUCK_S = 120.0
"""An event loop that has not turned for so long does no work: others are to have it."""
DEADLINE_S = 5.0
"""For one beat, and for one renewal; the next one is tried all the same."""
THREADS = 4
GIVEN_UP = 75
"""Exit code, `sysexits.h`'s for "try again later": whoever watches over the process starts it."""


def end_at_once(reason: str) -> NoReturn:
    """No handler, no clean-up, no further commit: a worker that is not one must not end politely.

    Its runner and its browser are tied to it by the kernel and end with it.
    """
    log.critical("this worker ends at once", why=reason, next="start it again")
    os._exit(GIVEN_UP)


@dataclass(frozen=True)
class Pace:
    """How often this worker shows that it lives, and what it may count on when it cannot."""

    beat_s: float = BEAT_S
    lease_s: float = LEASE_S
    stuck_s: float = STUCK_S


@dataclass(frozen=True)
class _Shown:
    """The newest beat that was answered."""

    at: float
    """By the clock that also runs while the machine sleeps, before it was sent: whoever gives this
    worker up counts from a later moment.
    """
    roles: frozenset[Role] = frozenset()


@dataclass
class Keeper:
    """Keeps up what others must see of this worker.

    ``further`` are loops that are to go on whatever the process is busy with, such as looking at
    the stop switch of all machines.
    """

    me: Worker
    workers: Workers
    locks: Locks
    clock: Clock
    pace: Pace = field(default_factory=Pace)
    further: Sequence[Task] = ()
    end: Callable[[str], None] = end_at_once

    def __post_init__(self) -> None:
        self._state = WorkerState.WORKING
        self._shown = _Shown(at=-self.pace.lease_s)
        self._watched: asyncio.AbstractEventLoop | None = None
        self._answered = True
        self._quiet_s = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._over = asyncio.Event()

    # --- as the process sees it -------------------------------------------------------------

    async def start(self) -> None:
        """Enter this worker; what keeps it from that is raised here."""
        self._watched = asyncio.get_running_loop()
        entered: Future[None] = Future()
        self._thread = threading.Thread(
            target=self._run, args=(entered,), name="vigil-keeper", daemon=True
        )
        self._thread.start()
        await asyncio.wrap_future(entered)

    def sure(self) -> bool:
        """Whether nobody can have given this worker up by now."""
        return _boot_s() - self._shown.at < self.pace.lease_s

    def leads(self, role: Role) -> bool:
        """Whether this worker is the one that does it."""
        working = self._state is WorkerState.WORKING
        return working and role in self._shown.roles and self.sure()

    async def drain(self) -> None:
        """Give back every role, and say that nothing more is begun."""
        self._state = WorkerState.DRAINING
        await self._in_thread(self._beat)

    async def leave(self) -> None:
        """The last beat: whatever this worker left undone is taken over at once."""
        if self._thread is None:
            return
        self._state = WorkerState.DEAD
        await self._in_thread(self._beat)
        await self._in_thread(self._finish)
        self._thread.join(DEADLINE_S)

    async def _in_thread(self, work: Task) -> None:
        if self._loop is not None:
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work(), self._loop))

    # --- in the thread ----------------------------------------------------------------------

    def _run(self, entered: "Future[None]") -> None:
        try:
            asyncio.run(self._keep(entered))
        except Exception as error:  # noqa: BLE001 - whatever ends it, nobody shows that we live
            if entered.done():
                self.end(f"its keeper failed: {error!r}")
            else:
                entered.set_exception(error)

    async def _keep(self, entered: "Future[None]") -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(THREADS, "vigil-keeper"))
        await self._enter()
        entered.set_result(None)
        tasks = [asyncio.create_task(_again_and_again(t)) for t in (self._show, *self.further)]
        await self._over.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _enter(self) -> None:
        at = _boot_s()
        standing = await self.workers.beat(self._myself())
        if not standing.alive:
            raise PermanentError(f"worker {self.me.id} was given up before it began; start again")
        self._shown = _Shown(at, standing.roles)

    async def _finish(self) -> None:
        self._over.set()

    async def _show(self) -> None:
        while True:
            await asyncio.sleep(self.pace.beat_s)
            if not self._is_stuck():
                await asyncio.gather(self._beat(), self._renew())

    def _is_stuck(self) -> bool:
        """Whether the process's own event loop has long not turned.

        Counted in own rounds, so that a process that was frozen as a whole does not count as stuck:
        whether it still is a worker is what it must ask at once.
        """
        before = self._quiet_s
        self._quiet_s = 0.0 if self._answered else before + self.pace.beat_s
        if self._answered and self._watched is not None:
            self._answered = False
            # A loop that was closed is one whose process is about to end.
            with suppress(RuntimeError):
                self._watched.call_soon_threadsafe(self._answer)
        stuck = self._quiet_s > self.pace.stuck_s
        if stuck and before <= self.pace.stuck_s:
            log.error("the event loop does not turn; others are to take over", after_s=before)
        return stuck

    def _answer(self) -> None:
        self._answered = True

    async def _beat(self) -> None:
        at = _boot_s()
        standing = await _answered("beat", self.workers.beat(self._myself()))
        if standing is None:
            return
        if standing.alive:
            self._shown = _Shown(at, standing.roles)
        elif self._state is not WorkerState.DEAD:
            self.end(
                f"worker {self.me.id} was given up by the others after it had shown nothing for "
                f"{at - self._shown.at:.0f} s; they take over its work"
            )

    async def _renew(self) -> None:
        now, lease_s = self.clock.now(), self.pace.lease_s
        await _answered("renewal of locks", self.locks.renew(self.me.id, now, lease_s))

    def _myself(self) -> Worker:
        return self.me.model_copy(update={"state": self._state, "seen_at": self.clock.now()})


async def _answered(what: str, asked: Awaitable[T]) -> T | None:
    """None, and a line in the log, when the record does not answer."""
    try:
        async with asyncio.timeout(DEADLINE_S):
            return await asked
    except (TemporaryError, TimeoutError) as error:
        log.warning("the record did not answer the keeper", to=what, why=str(error) or "too late")
        return None


async def _again_and_again(task: Task) -> None:
    """Whatever it trips over is logged: to end would be to fall silent."""
    while True:
        try:
            await task()
        except Exception:  # a keeper that fell silent would have this worker given up
            log.exception("the keeper tripped", over=getattr(task, "__qualname__", "a task"))
        await asyncio.sleep(BEAT_S)


def _boot_s() -> float:
    """Seconds since the machine was started, those included in which it slept."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
