"""Reasons to stop a swarm, looked for as long as it is under way."""

import asyncio
from collections.abc import Coroutine

from vigil.domain.swarm import Stop, Stopped, SwarmSpec
from vigil.integrations.swarm import memory
from vigil.integrations.swarm.pool import Browsers
from vigil.integrations.swarm.tally import Tally
from vigil.ports.swarm import Watch

QUICK_S = 0.25
WEIGH_S = 2.0
"""Counting the pages of a browser takes the kernel some milliseconds for each session."""
WATCH_S = 1.0
WATCH_WITHIN_S = 30.0
"""Longer than any watch should take; one that does not answer sees nothing."""
KEEP_FREE_MB = 500


class Reasons:
    """Three watches: what the sessions feel, what they weigh, and how the service fares."""

    def __init__(self, spec: SwarmSpec, browsers: Browsers, tally: Tally, watch: Watch) -> None:
        self._spec = spec
        self._browsers = browsers
        self._tally = tally
        self._watch = watch
        self._began = _now()
        self._weight = 0.0, 0.0

    async def first_before(self, work: Coroutine[None, None, None]) -> Stop | None:
        """The first reason before the work was done, which is ended then; None if none came."""
        working = asyncio.create_task(work)
        watching = [
            asyncio.create_task(each) for each in (self._felt(), self._weighed(), self._seen())
        ]
        try:
            await asyncio.wait({working, *watching}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                await working
                return None
            return next(each for each in watching if each.done()).result()
        finally:
            for each in (working, *watching):
                each.cancel()
            await asyncio.gather(working, *watching, return_exceptions=True)

    async def _felt(self) -> Stop:
        """By its own sessions, and by the clock."""
        while True:
            if (sign := self._tally.strain.sign()) is not None:
                return Stop(why=Stopped.HURTS, text=f"its own sessions suffer: {sign}")
            if _now() - self._began > self._spec.most_s:
                return Stop(why=Stopped.TIME, text=f"its {self._spec.most_s:g} s were over")
            await asyncio.sleep(QUICK_S)

    async def _weighed(self) -> Stop:
        while True:
            # In a thread, as the kernel takes its time for it.
            self._weight = await asyncio.to_thread(_weights, self._browsers.pids)
            self._tally.weigh(*self._weight)
            browsers_mb, free_mb = self._weight[0], memory.free_mb()
            if browsers_mb > self._spec.memory_mb:
                text = f"the browsers took {browsers_mb:,.0f} MB, of {self._spec.memory_mb:,} MB"
                return Stop(why=Stopped.MEMORY, text=text)
            if free_mb < KEEP_FREE_MB:
                text = f"only {free_mb:,.0f} MB were free on this machine"
                return Stop(why=Stopped.MEMORY, text=text)
            await asyncio.sleep(WEIGH_S)

    async def _seen(self) -> Stop:
        """By whoever watches the service."""
        while True:
            progress = self._tally.progress(_now() - self._began, *self._weight)
            try:
                async with asyncio.timeout(WATCH_WITHIN_S):
                    stop = await self._watch(progress)
            except TimeoutError:
                text = f"how the service fares could not be seen within {WATCH_WITHIN_S:g} s"
                return Stop(why=Stopped.HURTS, text=text)
            if stop is not None:
                return stop
            await asyncio.sleep(WATCH_S)


def _weights(pids: tuple[int, ...]) -> tuple[float, float]:
    return memory.pss_mb(pids), memory.own_mb()


def _now() -> float:
    return asyncio.get_running_loop().time()
