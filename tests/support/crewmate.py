"""One worker of several, for tests that kill, freeze and drain it.

``python -m tests.support.crewmate STATE URL NAME`` works on the record at URL with a short lease.
Its segments do not get further while STATE/go is not there. The shop it looks at is its own.
"""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

from tests.support.story import begin
from tests.support.world import ScriptedProbes

from vigil.cli.endings import told_to_end
from vigil.crew import Crew
from vigil.domain.catalogue import Autonomy
from vigil.domain.probe import Probe, ProbeRef, ProbeResult
from vigil.engine import Engine
from vigil.integrations._clients.database import open_engine
from vigil.integrations.clock.system import SystemClock
from vigil.integrations.locks.embedded import SqlLocks
from vigil.integrations.workers.embedded import SqlWorkers
from vigil.integrations.workers.pulse import Pulse
from vigil.integrations.workflow.dbos import DbosWorkflow
from vigil.keeper import Keeper, Pace
from vigil.ports.workers import Worker

GO = "go"
BEAT_S, LEASE_S = 0.1, 2.0
DRAIN_S = 1.0


class HeldUpProbes:
    """Fulfils ``ports.probes.Probes``; nothing is seen before the test says so."""

    def __init__(self, probes: ScriptedProbes, go: Path) -> None:
        self._probes = probes
        self._go = go

    async def run(self, ref: ProbeRef, probe: Probe) -> ProbeResult:
        while not self._go.exists():  # noqa: ASYNC110 - the word comes from another process
            await asyncio.sleep(0.02)
        return await self._probes.run(ref, probe)


async def main(state: Path, url: str, name: str) -> None:
    """Work until told to end."""
    story = await begin(state, autonomy=Autonomy.OBSERVE, url=url)
    senses = replace(story.parts.senses, probes=HeldUpProbes(story.probes, state / GO))
    parts = replace(story.parts, senses=senses, worker=name)
    clock, aside = SystemClock(), open_engine(url)
    me = Worker(
        id=name,
        host="here",
        pid=0,
        kind="worker",
        version="0",
        started_at=clock.now(),
        seen_at=clock.now(),
    )
    workers, locks = SqlWorkers(aside, LEASE_S, pulse=Pulse(state / "pulses")), SqlLocks(aside)
    keeper = Keeper(me, workers, locks, clock, Pace(beat_s=BEAT_S, lease_s=LEASE_S))
    workflow = DbosWorkflow(url, name)
    crew = Crew(keeper, parts.journal, locks, workflow)
    engine = Engine(parts, story.record.inbox, workflow, sources={}, crew=crew)
    told = told_to_end(DRAIN_S)
    await engine.start()
    await told.wait()
    await engine.drain(DRAIN_S)
    await engine.stop()
    await engine.leave()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
