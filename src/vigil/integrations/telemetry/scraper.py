"""Scrape the services' own endpoints again and again, and remember what their counters did."""

import asyncio
from collections.abc import Callable, Iterator
from typing import NamedTuple

import httpx2
import structlog

from vigil.domain.catalogue import Catalogue
from vigil.integrations._clients.http import IDENTITY, tls_context
from vigil.integrations.telemetry.scrape import NotScraped, scrape
from vigil.integrations.telemetry.series import InstanceHistory, Series
from vigil.ports.clock import Clock

KEEP_S = 15 * 60.0
MOST_AT_ONCE = 8
SHORTEST_TIMEOUT_S = 1.0
LONGEST_TIMEOUT_S = 5.0

log = structlog.get_logger(__name__)

Wanted = Callable[[Series], bool]
Window = tuple[float, float]
"""From and to, in seconds of ``Clock.elapsed``."""


class Target(NamedTuple):
    """One endpoint."""

    service: str
    instance: str
    url: str


class Scraper:
    """The newest minutes of every endpoint of the catalogue; somebody has to run it.

    ``wanted`` says which counters are kept.
    """

    def __init__(self, catalogue: Catalogue, clock: Clock, wanted: Callable[[str], bool]) -> None:
        self._interval_s = catalogue.watch.interval_s
        self._clock = clock
        self._wanted = wanted
        self._history = {
            Target(name, source.instance, source.url): InstanceHistory(KEEP_S)
            for name, service in catalogue.services.items()
            for source in service.telemetry.metrics
        }
        self._failing: set[Target] = set()

    async def forever(self) -> None:
        """Scrape at the watch interval until cancelled."""
        interval = self._interval_s
        while True:
            started = self._clock.elapsed()
            await self.once()
            spent = self._clock.elapsed() - started
            # A machine that cannot keep up skips a beat and still gets to breathe.
            await self._clock.sleep(max(interval - spent, interval / 10))

    async def once(self) -> None:
        """Scrape every endpoint of the catalogue, several at once, each with a deadline."""
        room = asyncio.Semaphore(MOST_AT_ONCE)
        timeout = min(max(self._interval_s, SHORTEST_TIMEOUT_S), LONGEST_TIMEOUT_S)
        async with httpx2.AsyncClient(
            trust_env=False,
            verify=tls_context(),
            timeout=httpx2.Timeout(timeout),
            headers=IDENTITY,
        ) as client:

            async def take(target: Target) -> None:
                async with room:
                    await self._scrape(client, target, timeout)

            await asyncio.gather(*(take(target) for target in self._history))

    def of(self, service: str) -> Iterator[tuple[Target, InstanceHistory]]:
        """The endpoints of a service with what they are remembered for."""
        return ((t, history) for t, history in self._history.items() if t.service == service)

    def silent(self, service: str) -> tuple[Target, ...]:
        """The endpoints of a service whose last scrape failed."""
        return tuple(target for target, _ in self.of(service) if target in self._failing)

    def span(self, history: InstanceHistory, window: Window) -> Window | None:
        """The two scrapes of one endpoint that enclose a time best."""
        return history.span(*window, slack=max(3 * self._interval_s, window[1] - window[0]))

    def grown(self, service: str, window: Window, wanted: Wanted) -> float | None:
        """Growth over the endpoints that could be scraped; None when none could."""
        grown = [
            history.increase(span, wanted)
            for _, history in self.of(service)
            if (span := self.span(history, window)) is not None
        ]
        return sum(grown) if grown else None

    async def _scrape(self, client: httpx2.AsyncClient, target: Target, limit_s: float) -> None:
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

    def _note(self, target: Target, problem: str | None) -> None:
        """Say once that it began to fail and once that it is well again."""
        told = log.bind(service=target.service, instance=target.instance)
        if problem is None and target in self._failing:
            self._failing.discard(target)
            told.info("scrape_well_again")
        elif problem is not None and target not in self._failing:
            self._failing.add(target)
            told.warning("scrape_failing", why=problem)
