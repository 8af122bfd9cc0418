"""What becomes of deliveries after their answer, for /metrics."""

from collections.abc import Sequence

import structlog

from vigil.domain.errors import TemporaryError
from vigil.engine import Engine
from vigil.ports.inbox import Joined, TakenIn
from vigil.web.metrics import Metrics

log = structlog.get_logger()


class IntakeCounts:
    """Counts what this process takes in, and what lies in the inbox when somebody asks."""

    def __init__(self, engine: Engine, metrics: Metrics) -> None:
        self._engine = engine
        self._metrics = metrics
        engine.taking_in.told = self._count

    async def look(self) -> None:
        """Bring the gauges up to date; without a record they stay as they are."""
        try:
            lines = await self._engine.lines()
        except TemporaryError as error:
            log.warning("inbox not counted", error=str(error))
            return
        now = self._engine.now()
        gauges = (self._metrics.inbox, self._metrics.inbox_oldest, self._metrics.inbox_kept)
        for gauge in gauges:
            gauge.clear()
        for line in lines:
            oldest = (now - line.oldest_at).total_seconds() if line.oldest_at else 0.0
            values = (line.waiting, max(oldest, 0.0), line.set_aside)
            for gauge, value in zip(gauges, values, strict=True):
                gauge.labels(line.source).set(value)

    def _count(self, taken: Sequence[TakenIn]) -> None:
        now = self._engine.now()
        for one in taken:
            source = one.arrival.source
            seconds = (now - one.arrival.at).total_seconds()
            self._metrics.intake_seconds.labels(source).observe(max(seconds, 0.0))
            if one.replayed:
                self._metrics.alerts.labels(source, "replayed").inc(len(one.arrival.alerts))
            for joined in one.joined:
                self._metrics.alerts.labels(source, _result(joined)).inc()


def _result(joined: Joined) -> str:
    """The word under which an alert is counted."""
    if joined.repeated:
        return "repeated"
    if joined.incident is None:
        return "no_incident"
    return "opened" if joined.opened else "joined"
