"""This worker among the others that work on the same record.

It leads what only one may do, takes over what the dead have left, and is itself replaced as soon as
it cannot show that it lives.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from vigil.keeper import Keeper
from vigil.ports.journal import Journal
from vigil.ports.locks import Locks
from vigil.ports.workers import Role, Worker, Workers, WorkerState
from vigil.ports.workflow import Workflow

log = structlog.get_logger()

LOOK_S = 0.25
"""How soon a worker begins what it has come to lead, and leaves off what it leads no more."""
REAP_S = 1.0
"""How often each worker looks after the others."""

Loop = Callable[[], Awaitable[None]]


class Solo:
    """The only worker there is: it leads everything, and there is nobody to take over from."""

    async def start(self) -> None:
        """Nobody has to see it, and nobody can have died beside it."""

    async def drain(self) -> None:
        """There is nobody to whom it could leave what only one may do."""

    async def leave(self) -> None:
        """Nor anybody who could take over what it did not end."""

    def sure(self) -> bool:
        """Whether nobody can have taken this worker for dead."""
        return True

    def leads(self, role: Role) -> bool:  # noqa: ARG002 - one who is alone leads everything
        """Whether this worker is the one that does it."""
        return True

    async def everyone(self) -> tuple[Worker, ...]:
        """All workers that are known."""
        return ()

    async def living(self) -> frozenset[str]:
        """Those that may be at work."""
        return frozenset()

    def loops(self) -> tuple[Loop, ...]:
        """What it does for others, as long as it is not drained."""
        return ()

    async def while_leading(self, role: Role, loop: Loop) -> None:
        """Run the loop as long as this worker leads; one that ends is the caller's to repeat."""
        await _until(lambda: self.leads(role))
        running = asyncio.ensure_future(loop())
        try:
            while self.leads(role) and not running.done():
                await asyncio.wait({running}, timeout=LOOK_S)
            if running.done():
                running.result()
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


class Crew(Solo):
    """One of several, or one that follows another that may have been killed."""

    def __init__(self, keeper: Keeper, journal: Journal, locks: Locks, workflow: Workflow) -> None:
        self._keeper = keeper
        self._workers: Workers = keeper.workers
        self._journal = journal
        self._locks = locks
        self._workflow = workflow
        self._gone: tuple[str, ...] = ()

    async def start(self) -> None:
        """Before anything is run: what a dead worker had taken up is refused to everybody else."""
        await self._keeper.start()
        await self._forfeit()

    async def drain(self) -> None:
        """Leave what only one may do to others."""
        await self._keeper.drain()

    async def leave(self) -> None:
        """What this worker did not end is taken over as soon as another one looks."""
        await self._keeper.leave()

    def sure(self) -> bool:
        """Whether nobody can have taken this worker for dead."""
        return self._keeper.sure()

    def leads(self, role: Role) -> bool:
        """Whether this worker is the one that does it."""
        return self._keeper.leads(role)

    async def everyone(self) -> tuple[Worker, ...]:
        """All workers that are known."""
        return await self._workers.everyone()

    async def living(self) -> frozenset[str]:
        """Those that may be at work."""
        known = await self._workers.everyone()
        return frozenset(w.id for w in known if w.state is not WorkerState.DEAD)

    def loops(self) -> tuple[Loop, ...]:
        """What it does for others, as long as it is not drained."""
        return (self._look_after_others,)

    async def _look_after_others(self) -> None:
        while True:
            await self._forfeit_strangers()
            if dead := await self._forfeit():
                left = await self._workflow.adopt(self.living)
                if not left:
                    await self._workers.bury(dead)
                    log.info("taken over", workers=dead)
            await asyncio.sleep(REAP_S)

    async def _forfeit(self) -> tuple[str, ...]:
        """Before their segments are adopted: who runs one must be able to take it up."""
        dead = await self._workers.reap(self._keeper.me.id)
        if dead and dead != self._gone:
            self._gone = dead
            log.warning("workers have left or died", workers=dead)
        if dead:
            await self._take_from(dead)
        return dead

    async def _forfeit_strangers(self) -> None:
        """What one that was given up had sent to the database may arrive after it was buried."""
        holders = {lock.holder for lock in await self._locks.held() if lock.holder}
        having = await self._journal.claimants() | holders
        # Who is known is asked after the look: whoever took something up was entered before.
        if having and (strangers := having - {w.id for w in await self._workers.everyone()}):
            log.warning("taken from workers that nobody knows", workers=sorted(strangers))
            await self._take_from(tuple(sorted(strangers)))

    async def _take_from(self, dead: tuple[str, ...]) -> None:
        # The locks first: who takes an incident up must be able to take them over and give them
        # back.
        await self._locks.forfeit(dead)
        await self._journal.forfeit(dead)


async def _until(seen: Callable[[], bool]) -> None:
    while not seen():  # noqa: ASYNC110 - what is seen is set by the keeper's thread
        await asyncio.sleep(LOOK_S)
