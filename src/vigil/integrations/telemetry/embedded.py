"""Telemetry without a vendor: scrape the services' own endpoints, read their log files."""

import asyncio
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import httpx2
import structlog

from vigil.domain.catalogue import Catalogue, Condition
from vigil.domain.telemetry import ErrorGroup, Latency, Ratio
from vigil.domain.value import Instant
from vigil.integrations._clients.http import IDENTITY, tls_context
from vigil.integrations.telemetry.logs import error_groups
from vigil.integrations.telemetry.scrape import NotScraped, scrape
from vigil.integrations.telemetry.series import InstanceHistory, Series
from vigil.ports.clock import Clock

KEEP_S = 15 * 60.0
MOST_AT_ONCE = 8
SHORTEST_TIMEOUT_S = 1.0
LONGEST_TIMEOUT_S = 5.0
_DURATION = "request_duration_seconds"
_USUAL_DURATION = f"http_{_DURATION}"

log = structlog.get_logger(__name__)


class _Target(NamedTuple):
    service: str
    instance: str
    url: str


class EmbeddedTelemetry:
    """Fulfils ``ports.telemetry.Telemetry``; somebody has to run ``scrape_forever``.

    Of several instances those count that could be scraped; when none could, nothing is known.
    """

    def __init__(self, catalogue: Catalogue, clock: Clock) -> None:
        self._catalogue = catalogue
        self._clock = clock
        self._metrics = frozenset(_asked_for(catalogue))
        self._history = {
            _Target(name, source.instance, source.url): InstanceHistory(KEEP_S)
            for name, service in catalogue.services.items()
            for source in service.telemetry.metrics
        }
        self._failing: set[_Target] = set()

    async def scrape_forever(self) -> None:
        """Scrape at the watch interval until cancelled."""
        interval = self._catalogue.watch.interval_s
        while True:
            started = self._clock.elapsed()
            await self.scrape_once()
            spent = self._clock.elapsed() - started
            # A machine that cannot keep up skips a beat and still gets to breathe.
            await self._clock.sleep(max(interval - spent, interval / 10))

    async def scrape_once(self) -> None:
        """Scrape every endpoint of the catalogue, several at once, each with a deadline."""
        room = asyncio.Semaphore(MOST_AT_ONCE)
        timeout = min(max(self._catalogue.watch.interval_s, SHORTEST_TIMEOUT_S), LONGEST_TIMEOUT_S)
        async with httpx2.AsyncClient(
            trust_env=False,
            verify=tls_context(),
            timeout=httpx2.Timeout(timeout),
            headers=IDENTITY,
        ) as client:

            async def take(target: _Target) -> None:
                async with room:
                    await self._scrape(client, target, timeout)

            await asyncio.gather(*(take(target) for target in self._history))

    async def bad_ratio(self, service: str, condition: Condition) -> Ratio | None:
        """Bad to all requests over the condition's window, summed over the instances."""
        names = {condition.metric, f"{condition.metric}_total"}
        try:
            bad = {label: re.compile(pattern) for label, pattern in condition.bad.items()}
        except re.error:
            return None
        if not names & self._metrics:
            return None  # never scraped, so its absence says nothing

        def counts(series: Series) -> bool:
            labels = dict(series.labels)
            return series.name in names and all(
                labels.get(label, "") == value for label, value in condition.where.items()
            )

        def is_bad(series: Series) -> bool:
            labels = dict(series.labels)
            return counts(series) and all(
                pattern.fullmatch(labels.get(label, "")) for label, pattern in bad.items()
            )

        end = self._clock.elapsed()
        window = (end - condition.window_s, end)
        total, wrong = self._grown(service, window, counts), self._grown(service, window, is_bad)
        if total is None or wrong is None:
            return None
        return Ratio(bad=wrong, total=total, window_s=condition.window_s, at=self._clock.now())

    async def latency(self, service: str, window_s: float) -> Latency | None:
        """Mean seconds per request, now and in the time before that is still remembered."""
        starts = [h.first for _, h in self._of(service) if h.first is not None]
        end = self._clock.elapsed()
        if not starts or min(starts) >= end - window_s:
            return None
        now = self._mean(service, (end - window_s, end))
        before = self._mean(service, (min(starts), end - window_s))
        if now is None or before is None:
            return None
        return Latency(now_s=now, before_s=before, window_s=window_s, at=self._clock.now())

    async def log_errors(self, service: str, since: Instant) -> tuple[ErrorGroup, ...] | None:
        """Groups of error lines since a moment, over all log files that can be read."""
        known = self._catalogue.services.get(service)
        if known is None or not known.telemetry.logs:
            return None
        sources = [(source.path, source.instance) for source in known.telemetry.logs]
        return await asyncio.to_thread(error_groups, sources, since)

    async def _scrape(self, client: httpx2.AsyncClient, target: _Target, limit_s: float) -> None:
        try:
            async with asyncio.timeout(limit_s):
                values = await scrape(client, target.url, self._wanted)
        except TimeoutError:
            self._note(target, f"no complete answer within {limit_s:g} s")
        except NotScraped as problem:
            self._note(target, str(problem))
        else:
            self._history[target].record(self._clock.elapsed(), values)
            self._note(target, None)

    def _note(self, target: _Target, problem: str | None) -> None:
        """Say once that it began to fail and once that it is well again."""
        told = log.bind(service=target.service, instance=target.instance)
        if problem is None and target in self._failing:
            self._failing.discard(target)
            told.info("scrape_well_again")
        elif problem is not None and target not in self._failing:
            self._failing.add(target)
            told.warning("scrape_failing", why=problem)

    def _wanted(self, name: str) -> bool:
        return name in self._metrics or name.endswith((f"{_DURATION}_sum", f"{_DURATION}_count"))

    def _of(self, service: str) -> Iterator[tuple[_Target, InstanceHistory]]:
        return ((t, history) for t, history in self._history.items() if t.service == service)

    def _grown(
        self, service: str, window: tuple[float, float], wanted: Callable[[Series], bool]
    ) -> float | None:
        slack = max(3 * self._catalogue.watch.interval_s, window[1] - window[0])
        grown = [
            history.increase(span, wanted)
            for _, history in self._of(service)
            if (span := history.span(*window, slack)) is not None
        ]
        return sum(grown) if grown else None

    def _mean(self, service: str, window: tuple[float, float]) -> float | None:
        base = self._duration(service)
        seconds = self._grown(service, window, lambda series: series.name == f"{base}_sum")
        requests = self._grown(service, window, lambda series: series.name == f"{base}_count")
        return seconds / requests if seconds is not None and requests else None

    def _duration(self, service: str) -> str:
        """The histogram to look at: the usual one, or the first that ends like it."""
        found = sorted(
            name.removesuffix("_count")
            for _, history in self._of(service)
            for name in history.names()
            if name.endswith(f"{_DURATION}_count")
        )
        return found[0] if found and _USUAL_DURATION not in found else _USUAL_DURATION


def _asked_for(catalogue: Catalogue) -> Iterator[str]:
    """The counters that some symptom's condition names, with and without the usual ending."""
    for service in catalogue.services.values():
        for symptom in service.symptoms.values():
            if symptom.condition is not None:
                yield symptom.condition.metric
                yield f"{symptom.condition.metric}_total"
