"""Telemetry without a vendor: scrape the services' own endpoints, read their log files."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from vigil.domain.catalogue import Catalogue, Condition, Service
from vigil.domain.telemetry import (
    FEWEST_REQUESTS,
    ErrorGroup,
    Growth,
    Latency,
    LogTemplate,
    Ratio,
    Usual,
    band_of,
)
from vigil.domain.value import Instant
from vigil.integrations.telemetry.logs import error_groups
from vigil.integrations.telemetry.scraper import Scraper, Window
from vigil.integrations.telemetry.series import Series
from vigil.integrations.telemetry.templates import log_templates
from vigil.ports.clock import Clock

JUST_BEFORE_S = 60.0
_STARTED = "process_start_time_seconds"
_DURATION = "request_duration_seconds"
_USUAL_DURATION = f"http_{_DURATION}"


class EmbeddedTelemetry:
    """Fulfils ``ports.telemetry.Telemetry``; somebody has to run ``scrape_forever``.

    Of several instances those count that could be scraped; when none could, nothing is known.
    """

    def __init__(self, catalogue: Catalogue, clock: Clock) -> None:
        self._catalogue = catalogue
        self._clock = clock
        self._metrics = frozenset(
            name for service in catalogue.services.values() for name in _asked_of(service)
        )
        self._scraper = Scraper(catalogue, clock, self._wanted)

    async def scrape_forever(self) -> None:
        """Scrape at the watch interval until cancelled."""
        await self._scraper.forever()

    async def scrape_once(self) -> None:
        """Scrape every endpoint of the catalogue."""
        await self._scraper.once()

    async def bad_ratio(self, service: str, condition: Condition) -> Ratio | None:
        """Bad to all requests over the condition's window, summed over the instances."""
        return self._ratio(service, condition, self._last(condition.window_s))

    async def usual(self, service: str, condition: Condition, until: Instant) -> Usual | None:
        """Window after window, back to the oldest scrape that is still kept."""
        end = self._clock.elapsed() - (self._clock.now() - until).total_seconds()
        starts = [h.first for _, h in self._scraper.of(service) if h.first is not None]
        windows = _back(end, min(starts, default=end), condition.window_s)
        base = self._duration(service)
        bad: list[float] = []
        seconds: list[float] = []
        for window in windows:
            ratio = self._ratio(service, condition, window)
            if ratio is None or ratio.total < FEWEST_REQUESTS:
                continue
            bad.append(ratio.value)
            if (mean := self._mean(service, base, window, condition.where)) is not None:
                seconds.append(mean[0])
        usual = band_of(bad)
        return None if usual is None else Usual(bad=usual, seconds=band_of(seconds), until=until)

    async def latency(
        self, service: str, since: Instant, where: Mapping[str, str]
    ) -> Latency | None:
        """Mean seconds per request since a moment and in the time before it that is remembered.

        Labels of ``where`` that the service's histogram does not have are left out of account.
        """
        starts = [h.first for _, h in self._scraper.of(service) if h.first is not None]
        now, end = self._clock.now(), self._clock.elapsed()
        start = end - (now - since).total_seconds()
        if not starts or not min(starts) < start < end:
            return None
        base = self._duration(service)
        after = self._mean(service, base, (start, end), where)
        before = self._mean(service, base, (min(starts), start), where)
        just_before = self._mean(
            service, base, (max(min(starts), start - JUST_BEFORE_S), start), where
        )
        if after is None or before is None:
            return None
        return Latency(
            now_s=after[0],
            requests=after[1],
            before_s=before[0],
            just_before_s=just_before[0] if just_before else None,
            since=since,
            at=now,
        )

    async def growth(self, service: str, metric: str, window_s: float) -> Growth | None:
        """How much a counter grew over the instances that answer.

        None for a counter that no instance ever showed: its name may be wrong; and as long as one
        that answers is not known for long enough.
        """
        names, window = _spellings(metric), self._last(window_s)
        endpoints = list(self._scraper.of(service))
        if not any(names & history.names() for _, history in endpoints):
            return None
        silent = self._scraper.silent(service)
        spans = [
            (history, self._scraper.span(history, window))
            for target, history in endpoints
            if target not in silent
        ]
        grown = [
            history.increase(span, lambda s: s.name in names) for history, span in spans if span
        ]
        if len(grown) < len(spans):
            return None
        return Growth(
            by=sum(grown),
            silent=tuple(target.instance for target in silent),
            window_s=window_s,
            at=self._clock.now(),
        )

    async def log_errors(self, service: str, since: Instant) -> tuple[ErrorGroup, ...] | None:
        """Groups of error lines since a moment, over all log files that can be read."""
        known = self._catalogue.services.get(service)
        if known is None or not known.telemetry.logs:
            return None
        return await asyncio.to_thread(error_groups, _files_of(known), since)

    async def log_templates(self, service: str, since: Instant) -> tuple[LogTemplate, ...] | None:
        """Templates since a moment, over all log files that can be read."""
        known = self._catalogue.services.get(service)
        if known is None or not known.telemetry.logs:
            return None
        return await asyncio.to_thread(log_templates, _files_of(known), since)

    async def started(self, service: str) -> Mapping[str, Instant] | None:
        """By what every usual client library of Prometheus tells of its own process."""
        silent = self._scraper.silent(service)
        started = {
            target.instance: at
            for target, history in self._scraper.of(service)
            if target not in silent and (at := _moment(history.newest(_STARTED))) is not None
        }
        return started or None

    def _wanted(self, name: str) -> bool:
        return (
            name in self._metrics
            or name == _STARTED
            or name.endswith((f"{_DURATION}_sum", f"{_DURATION}_count"))
        )

    def _last(self, seconds: float) -> Window:
        end = self._clock.elapsed()
        return end - seconds, end

    def _ratio(self, service: str, condition: Condition, window: Window) -> Ratio | None:
        names = _spellings(condition.metric)
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

        total = self._scraper.grown(service, window, counts)
        wrong = self._scraper.grown(service, window, is_bad)
        if total is None or wrong is None:
            return None
        return Ratio(bad=wrong, total=total, window_s=condition.window_s, at=self._clock.now())

    def _mean(
        self, service: str, base: str, window: Window, where: Mapping[str, str]
    ) -> tuple[float, float] | None:
        """Mean seconds, and of how many requests."""

        def named(series: Series, name: str) -> bool:
            labels = dict(series.labels)
            return series.name == name and all(
                labels.get(label, value) == value for label, value in where.items()
            )

        seconds = self._scraper.grown(service, window, lambda s: named(s, f"{base}_sum"))
        requests = self._scraper.grown(service, window, lambda s: named(s, f"{base}_count"))
        return (seconds / requests, requests) if seconds is not None and requests else None

    def _duration(self, service: str) -> str:
        """The histogram to look at: the usual one, or the first that ends like it."""
        found = sorted(
            name.removesuffix("_count")
            for _, history in self._scraper.of(service)
            for name in history.names()
            if name.endswith(f"{_DURATION}_count")
        )
        return found[0] if found and _USUAL_DURATION not in found else _USUAL_DURATION


def _files_of(service: Service) -> list[tuple[str, str]]:
    return [(source.path, source.instance) for source in service.telemetry.logs]


def _back(end: float, start: float, window_s: float) -> Iterator[Window]:
    """Windows that follow each other, from the newest to the oldest, none reaching out of it."""
    for number in range(int((end - start) // window_s)):
        yield end - (number + 1) * window_s, end - number * window_s


def _moment(seconds: float | None) -> Instant | None:
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None  # No time at all: somebody uses the name for something else.


def _asked_of(service: Service) -> Iterator[str]:
    """The counters that some symptom's condition, or the service's work, names."""
    for symptom in service.symptoms.values():
        if symptom.condition is not None:
            yield from _spellings(symptom.condition.metric)
    if service.work is not None:
        yield from _spellings(service.work.done)


def _spellings(metric: str) -> frozenset[str]:
    """A counter's name as it may be written, with and without the usual ending."""
    return frozenset({metric, f"{metric}_total"})
