"""A swarm in Lightpandas of its own."""

import asyncio

from vigil.domain.journey import JourneyProbe
from vigil.domain.swarm import Stop, Stopped, SwarmReport, SwarmSpec
from vigil.integrations._clients.lightpanda import NotStarted
from vigil.integrations._clients.places import origins_of
from vigil.integrations.swarm import memory
from vigil.integrations.swarm.crowd import Crowd
from vigil.integrations.swarm.pool import Pool
from vigil.integrations.swarm.reasons import KEEP_FREE_MB, Reasons
from vigil.integrations.swarm.tally import Tally
from vigil.integrations.swarm.walker import Walker
from vigil.ports.swarm import Watch

MOST_EACH_MB = 4.0
"""What a session may be expected to take, at most."""


class LightpandaSwarm:
    """Fulfils ``ports.swarm.Swarm``."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def run(self, spec: SwarmSpec, journey: JourneyProbe, watch: Watch) -> SwarmReport:
        """Send them through."""
        try:
            async with asyncio.timeout(spec.most_s):
                await self._turn.acquire()
        except TimeoutError:
            text = f"another swarm was under way for all of its {spec.most_s:g} s"
            return Tally(spec, ()).report(0.0, Stop(why=Stopped.TIME, text=text))
        try:
            return await self._run(spec, journey, watch)
        finally:
            self._turn.release()

    async def _run(self, spec: SwarmSpec, journey: JourneyProbe, watch: Watch) -> SwarmReport:
        walker = Walker(journey)
        tally = Tally(spec, walker.texts)
        stopped = _hindrance(spec, journey)
        began = asyncio.get_running_loop().time()
        if stopped is None:
            try:
                async with Pool(spec.processes, spec.sessions) as pool:
                    began = asyncio.get_running_loop().time()
                    crowd = Crowd(spec, walker, origins_of(journey), pool, tally)
                    stopped = await Reasons(spec, pool, tally, watch).first_before(crowd.go())
            except NotStarted as error:
                text = f"the browsers cannot be used: {error}"
                stopped = Stop(why=Stopped.BROWSER, text=text)
        return tally.report(asyncio.get_running_loop().time() - began, stopped)


def _hindrance(spec: SwarmSpec, journey: JourneyProbe) -> Stop | None:
    """Why it is not even begun."""
    if journey.needs:
        lacking = ", ".join(sorted(journey.needs))
        text = f"Lightpanda has not what the journey needs: {lacking}"
        return Stop(why=Stopped.BROWSER, text=text)
    room, needed = memory.free_mb(), spec.sessions * MOST_EACH_MB + KEEP_FREE_MB
    if room < needed:
        text = f"{room:,.0f} MB are free here, and so many sessions may need {needed:,.0f} MB"
        return Stop(why=Stopped.MEMORY, text=text)
    return None
