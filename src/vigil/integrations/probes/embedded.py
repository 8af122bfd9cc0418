"""Probes that this process runs itself: HTTP, TCP, Redis, SQL, supervisor, journeys."""

from typing import assert_never

from vigil.domain.probe import (
    HttpProbe,
    JourneyProbe,
    Probe,
    ProbeRef,
    ProbeResult,
    ProcessProbe,
    RedisProbe,
    SqlProbe,
    TcpProbe,
)
from vigil.domain.scrub import clean
from vigil.integrations._clients.deadline import GivenUp
from vigil.integrations.probes.http import walk
from vigil.integrations.probes.journey import walk_journey
from vigil.integrations.probes.process import look_at_processes
from vigil.integrations.probes.redis import look_at_redis
from vigil.integrations.probes.sight import Sight, failing, unknown
from vigil.integrations.probes.sql import look_at_sql
from vigil.integrations.probes.tcp import look_at_tcp
from vigil.ports.browser import Browser
from vigil.ports.clock import Clock
from vigil.ports.screenshots import Screenshots

MOST_TEXT = 500
AROUND_A_WALK_S = 25.0
"""What a journey may take longer than its steps: to start a browser, for the picture, to leave."""


class EmbeddedProbes:
    """Fulfils ``ports.probes.Probes``."""

    def __init__(
        self,
        clock: Clock,
        browser: Browser | None = None,
        screenshots: Screenshots | None = None,
    ) -> None:
        self._clock = clock
        self._browser = browser
        self._screenshots = screenshots
        self._given_up = GivenUp[Sight]()

    async def run(self, ref: ProbeRef, probe: Probe) -> ProbeResult:
        """Look once, for at most the probe's time."""
        at, started = self._clock.now(), self._clock.elapsed()
        sight = await self._look_in_time(probe)
        return ProbeResult(
            ref=ref,
            outcome=sight.outcome,
            text=clean(sight.text, MOST_TEXT),
            seconds=self._clock.elapsed() - started,
            at=at,
            screenshot=sight.screenshot,
        )

    async def _look_in_time(self, probe: Probe) -> Sight:
        task = await self._given_up.wait(self._look(probe), _patience_s(probe))
        if task is None:
            return _out_of_time(probe)
        if (error := task.exception()) is not None:
            # The kinds translate what they know. Anything else is this program's mistake, and a
            # probe that broke has seen nothing.
            return unknown(
                f"The {probe.kind} probe itself broke ({type(error).__name__}: {error}); "
                "please report this."
            )
        return task.result()

    async def _look(self, probe: Probe) -> Sight:
        match probe:
            case HttpProbe():
                return await walk(probe)
            case TcpProbe():
                return await look_at_tcp(probe)
            case RedisProbe():
                return await look_at_redis(probe)
            case SqlProbe():
                return await look_at_sql(probe)
            case ProcessProbe():
                return await look_at_processes(probe)
            case JourneyProbe():
                return await walk_journey(probe, self._browser, self._screenshots)
            case _:
                assert_never(probe)


def _patience_s(probe: Probe) -> float:
    return probe.timeout_s + (AROUND_A_WALK_S if isinstance(probe, JourneyProbe) else 0)


def _out_of_time(probe: Probe) -> Sight:
    text = f"No complete answer within {probe.timeout_s:g} s ({probe.kind} probe)."
    # A supervisor that hangs says nothing about the processes that it watches, nor a browser that
    # hangs, which ends its walks in time, about the pages.
    return unknown(text) if isinstance(probe, ProcessProbe | JourneyProbe) else failing(text)
