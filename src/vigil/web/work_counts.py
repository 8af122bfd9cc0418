"""How much there is to do and who does it, for /metrics."""

from collections import Counter

import structlog

from vigil.domain.errors import TemporaryError
from vigil.domain.message import State
from vigil.engine import Engine
from vigil.ports.workers import Role, WorkerState
from vigil.web.metrics import Metrics

log = structlog.get_logger()


class WorkCounts:
    """Counts the record when somebody asks; each worker that is asked says the same of it."""

    def __init__(self, engine: Engine, metrics: Metrics) -> None:
        self._engine = engine
        self._metrics = metrics

    async def look(self) -> None:
        """Bring the gauges up to date; without a record they stay as they are."""
        for role in Role:
            self._metrics.leads.labels(role).set(self._engine.crew.leads(role))
        try:
            await self._count_workers()
            await self._count_incidents()
            await self._count_locks()
            await self._count_post()
        except TemporaryError as error:
            log.warning("work not counted", error=str(error))

    async def _count_workers(self) -> None:
        states = Counter(worker.state for worker in await self._engine.workers())
        for state in WorkerState:
            self._metrics.workers.labels(state).set(states[state])

    async def _count_incidents(self) -> None:
        load = await self._engine.load()
        now = self._engine.now()
        counts = {
            "under_way": load.under_way,
            "queued": load.queued,
            "for_approval": load.for_approval,
            "for_locks": load.for_locks,
        }
        for place, many in counts.items():
            self._metrics.incidents_in.labels(place).set(many)
        self._metrics.due.set(load.due)
        oldest = load.oldest_waiting_at
        seconds = (now - oldest).total_seconds() if oldest else 0.0
        self._metrics.oldest_waiting.set(max(seconds, 0.0))

    async def _count_locks(self) -> None:
        self._metrics.locks.set(len(await self._engine.locks()))

    async def _count_post(self) -> None:
        now = self._engine.now()
        for channel, standing in (await self._engine.standings()).items():
            counts = {
                State.DUE: standing.due,
                State.TOLD: standing.told,
                State.NOT_TOLD: standing.not_told,
            }
            for state, many in counts.items():
                self._metrics.post.labels(channel, state).set(many)
            oldest = standing.oldest_at
            seconds = (now - oldest).total_seconds() if oldest else 0.0
            self._metrics.post_oldest.labels(channel).set(max(seconds, 0.0))
