"""Counting incidents for /metrics when somebody asks, from the record."""

import asyncio

import structlog

from vigil.domain.errors import TemporaryError
from vigil.domain.incident import Incident
from vigil.engine import Engine
from vigil.web.metrics import Metrics

log = structlog.get_logger()

NEWEST = 1000
"""How many incidents one look reads; more than these between two looks would be missed."""
MOST_HISTORIES = 50
"""How many timelines one look reads; the rest is counted at the next."""


class Tally:
    """Each incident that was opened, and each that was closed, since this process began: once."""

    def __init__(self, engine: Engine, metrics: Metrics) -> None:
        self._engine = engine
        self._metrics = metrics
        self._since = engine.now()
        self._opened: set[str] = set()
        self._closed: set[str] = set()
        self._looking = asyncio.Lock()

    async def look(self) -> None:
        """Bring the counters up to date; without a record they stay as they are."""
        self._metrics.stopped.set(self._engine.switch().stopped)
        async with self._looking:
            try:
                newest = await self._engine.incidents(NEWEST)
                self._count_opened(newest)
                await self._count_closed(newest)
            except TemporaryError as error:
                log.warning("incidents not counted", error=str(error))

    def _count_opened(self, newest: tuple[Incident, ...]) -> None:
        opened = {one.id for one in newest if one.opened_at >= self._since}
        self._metrics.opened.inc(len(opened - self._opened))
        self._opened = opened
        self._metrics.open_now.set(sum(one.closed_at is None for one in newest))

    async def _count_closed(self, newest: tuple[Incident, ...]) -> None:
        closed = [one for one in newest if one.closed_at and one.closed_at >= self._since]
        self._closed &= {one.id for one in closed}
        for one in [one for one in closed if one.id not in self._closed][:MOST_HISTORIES]:
            course = await self._engine.course(one.id)
            for stage, seconds in course.seconds(one, one.closed_at or self._since).items():
                self._metrics.stage_seconds.labels(stage).observe(seconds)
            self._metrics.closed.labels(one.outcome or "none").inc()
            self._closed.add(one.id)
