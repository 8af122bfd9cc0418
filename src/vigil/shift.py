"""What one worker does from its start until it leaves: loops that hand out work and tidy up.

The order matters at both ends. Nothing is run before the dead are known to hold nothing any more;
and a worker that is to end first leaves what only one may do to others, then ends what it has
begun, and what does not end in time is cut off before it is left to them.
"""

import asyncio
from collections.abc import Mapping, Sequence
from weakref import WeakValueDictionary

import structlog

from vigil.crew import Loop, Solo
from vigil.domain.errors import PortUnavailable, TemporaryError
from vigil.domain.incident import WaitingOn
from vigil.lifecycle import Lifecycle
from vigil.ports.workers import Role
from vigil.ports.workflow import Segment, Workflow
from vigil.story.parts import Parts

log = structlog.get_logger()

SWEEP_S = 0.2
"""How often written segments are handed to the workflow."""
SWEEP_BATCH = 100
WAKE_S = 0.3
"""How often it is looked for what waits for locks and need not any more."""
CHECKPOINT_S = 5.0
"""How often the heads of all timelines are signed."""
FREE_S = 2.0
"""How often it is looked for locks that nobody can be at work under any more."""
TIDY_S = 300.0
"""How often is looked for what got stuck, which should be nothing."""


class Shift:
    """One worker at work."""

    def __init__(self, parts: Parts, workflow: Workflow, crew: Solo) -> None:
        self._parts = parts
        self._workflow = workflow
        self._crew = crew
        self._lifecycle = Lifecycle(parts)
        self._handing_out: list[asyncio.Task[None]] = []
        self._always: list[asyncio.Task[None]] = []
        self._runs: WeakValueDictionary[tuple[Segment, str, int], asyncio.Lock] = (
            WeakValueDictionary()
        )
        self._running = False
        self.draining = False

    async def begin(self, led: Mapping[Role, Loop], always: Sequence[Loop] = ()) -> None:
        """Take up what is on record, and go on until ``end``.

        ``led`` is what only one worker may do; ``always`` goes on also while this one drains.
        """
        await self._crew.start()
        await self._workflow.launch(self._run, self._give_up)
        self._running = True
        own = {Role.SIGNING: self._sign, Role.TIDYING: self._tidy}
        leading = [self._leading(role, loop) for role, loop in {**own, **led}.items()]
        loops = [self._sweep, self._wake, self._free, *self._crew.loops(), *leading]
        self._handing_out = [asyncio.create_task(_forever(loop)) for loop in loops]
        self._always = [asyncio.create_task(_forever(loop)) for loop in always]

    async def drain(self, within_s: float) -> None:
        """Begin nothing more, end what is under way if that takes no longer, and leave the rest.

        What people and sources say is still heard: others answer to it, or the next process.
        """
        self.draining = True
        await _cancelled(self._handing_out)
        await self._crew.drain()
        await self._workflow.shutdown(within_s)

    async def end(self) -> None:
        """Nothing is done any more after this; the crew has not been left yet."""
        if not self._running:
            return
        self._running = False
        if not self.draining:
            await self.drain(0.0)
        await _cancelled(self._always)
        try:
            await self._parts.journal.checkpoint(self._parts.senses.clock.now())
        except TemporaryError as error:
            log.warning("the last heads are not signed yet", why=str(error))

    # --- segments ---------------------------------------------------------------------------

    async def _run(self, segment: Segment, incident: str, attempt: int) -> None:
        async with self._one_at_a_time(segment, incident, attempt):
            self._only_if_sure()
            await self._lifecycle.run(segment, incident, attempt)

    async def _give_up(
        self, segment: Segment, incident: str, attempt: int, error: Exception
    ) -> None:
        async with self._one_at_a_time(segment, incident, attempt):
            self._only_if_sure()
            await self._lifecycle.give_up(segment, incident, attempt, error)

    def _one_at_a_time(self, segment: Segment, incident: str, attempt: int) -> asyncio.Lock:
        """The next run of the same segment finds what is left, and mostly nothing."""
        return self._runs.setdefault((segment, incident, attempt), asyncio.Lock())

    def _only_if_sure(self) -> None:
        """A process that was frozen must not take up what others have taken over meanwhile."""
        if not self._crew.sure():
            raise PortUnavailable(
                "this worker could not show for a while that it lives, so others may have taken "
                "over; it begins nothing until the record answers again"
            )

    # --- loops ------------------------------------------------------------------------------

    def _leading(self, role: Role, loop: Loop) -> Loop:
        async def while_leading() -> None:
            await self._crew.while_leading(role, loop)

        while_leading.__qualname__ = f"while leading {role}"
        return while_leading

    async def _sweep(self) -> None:
        """Hand written segments to the workflow; twice is once, so a crash between is harmless."""
        journal = self._parts.journal
        while True:
            due = await journal.due(SWEEP_BATCH)
            for following in due:
                which = (following.segment, following.incident, following.attempt)
                await self._workflow.start(*which, following.turn)
            if due:
                await journal.mark(*due)
            await asyncio.sleep(SWEEP_S)

    async def _wake(self) -> None:
        """Wake what waited for locks that are free now; of several workers that look, one does."""
        while True:
            for owner in await self._parts.locks.ready(SWEEP_BATCH):
                if not await self._parts.journal.wake(owner):
                    await _free_if_closed(self._parts, owner)
            await asyncio.sleep(WAKE_S)

    async def _free(self) -> None:
        while True:
            await free_left_over(self._parts)
            await asyncio.sleep(FREE_S)

    async def _sign(self) -> None:
        while True:
            await self._parts.journal.checkpoint(self._parts.senses.clock.now())
            await asyncio.sleep(CHECKPOINT_S)

    async def _tidy(self) -> None:
        """Begin anew what got stuck.

        Twice is once; where the workflow has lost its history, this is all of it.
        """
        while True:
            await self._parts.journal.due_again()
            await self._workflow.adopt(self._crew.living)
            await self._right_locks()
            await asyncio.sleep(TIDY_S)

    async def _right_locks(self) -> None:
        """Of incidents that only wait: whoever acted for them was killed, or came back too late.

        One that waits for locks and has some all the same is woken, and takes what it needs.
        """
        for lock in await self._parts.locks.held():
            incident = await self._parts.journal.incident(lock.owner)
            if incident.waiting_on is WaitingOn.APPROVAL:
                log.warning("a lock that was left over is freed", lock=lock.model_dump(mode="json"))
                await self._parts.locks.release(lock.owner, lock.holder or "")
            elif incident.waiting_on is WaitingOn.LOCKS:
                await self._parts.journal.wake(lock.owner)


async def free_left_over(parts: Parts) -> None:
    """Free what was left to closed incidents, once no script can go on under it any more.

    Whoever closed them was killed, or gave up, before it could be sure that all had ended.
    """
    now = parts.senses.clock.now()
    for lock in await parts.locks.held():
        if lock.lease_until is None or lock.lease_until <= now:
            await _free_if_closed(parts, lock.owner)
        elif lock.holder and (await parts.journal.incident(lock.owner)).closed_at is not None:
            # Or its keeper would renew it for ever.
            await parts.locks.let_go(lock.owner)


async def _free_if_closed(parts: Parts, owner: str) -> None:
    incident = await parts.journal.incident(owner)
    if incident.closed_at is not None:
        log.info("locks of a closed incident are freed", incident=owner)
        await parts.locks.release(owner)


async def _cancelled(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _forever(loop: Loop) -> None:
    """Keep a loop going: whatever it trips over is logged, and it starts again after a pause."""
    while True:
        try:
            await loop()
        except TemporaryError as error:
            log.warning("loop held up", loop=_name(loop), why=str(error))
        except Exception:  # a loop that ended silently would be worse than any error
            log.exception("loop failed", loop=_name(loop))
        await asyncio.sleep(1.0)


def _name(loop: Loop) -> str:
    return getattr(loop, "__qualname__", "loop")
