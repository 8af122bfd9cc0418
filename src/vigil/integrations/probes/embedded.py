"""Probes that this process runs itself; each kind stands in the file of its name."""

import math
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from vigil.domain.probe import (
    CommandProbe,
    JourneyProbe,
    PerformanceProbe,
    Probe,
    ProbeRef,
    ProbeResult,
)
from vigil.domain.scrub import clean
from vigil.integrations._clients.deadline import GivenUp
from vigil.integrations.probes.command import Judge, run_command
from vigil.integrations.probes.dns import look_at_name
from vigil.integrations.probes.http import walk
from vigil.integrations.probes.journey import walk_journey
from vigil.integrations.probes.log import look_at_log
from vigil.integrations.probes.performance import Former, look_at_performance
from vigil.integrations.probes.process import look_at_processes
from vigil.integrations.probes.promql import look_at_query
from vigil.integrations.probes.queue import look_at_queue
from vigil.integrations.probes.redis import look_at_redis
from vigil.integrations.probes.sight import Sight, failing, unknown
from vigil.integrations.probes.sql import look_at_sql
from vigil.integrations.probes.tcp import look_at_tcp
from vigil.integrations.probes.tls import look_at_tls
from vigil.ports.browser import Browser
from vigil.ports.clock import Clock
from vigil.ports.commands import Commands
from vigil.ports.figures import Figures
from vigil.ports.screenshots import Screenshots

Look = Callable[[Any], Awaitable[Sight]]
"""How a kind looks; it is given a probe of its kind."""

LOOKS: Mapping[str, Look] = MappingProxyType(
    {
        "dns": look_at_name,
        "http": walk,
        "process": look_at_processes,
        "promql": look_at_query,
        "queue": look_at_queue,
        "redis": look_at_redis,
        "sql": look_at_sql,
        "tcp": look_at_tcp,
    }
)
"""By kind. Those that need something of the house besides their probe are added where it is."""

SAY_NOTHING_BY_HANGING = frozenset({"command", "journey", "log", "process", "promql"})
"""Kinds that ask somebody else: a supervisor that hangs says nothing about the processes that it
watches, nor a browser that hangs, which ends its walks in time, about the pages."""

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
        commands: Commands | None = None,
        judge: Judge | None = None,
        figures: Figures | None = None,
    ) -> None:
        self._clock = clock
        self._looks: Mapping[str, Look] = {
            **LOOKS,
            "journey": partial(walk_journey, browser=browser, screenshots=screenshots),
            "log": lambda probe: look_at_log(probe, clock.now()),
            "tls": lambda probe: look_at_tls(probe, clock.now()),
        }
        self._run_command = partial(run_command, commands=commands, judge=judge)
        self._figures = figures
        self._given_up = GivenUp[Sight]()

    async def run(self, ref: ProbeRef, probe: Probe) -> ProbeResult:
        """Look once, for at most the probe's time."""
        at, started = self._clock.now(), self._clock.elapsed()
        sight = await self._look_in_time(ref, probe)
        return ProbeResult(
            ref=ref,
            outcome=sight.outcome,
            text=clean(sight.text, MOST_TEXT),
            seconds=self._clock.elapsed() - started,
            at=at,
            screenshot=sight.screenshot,
            value=_told(sight.value),
            usual=_told(sight.usual),
        )

    async def _look_in_time(self, ref: ProbeRef, probe: Probe) -> Sight:
        task = await self._given_up.wait(self._look(ref, probe), _patience_s(probe))
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

    async def _look(self, ref: ProbeRef, probe: Probe) -> Sight:
        # What somebody else runs, or remembers, is known there by its place.
        if isinstance(probe, CommandProbe):
            return await self._run_command(ref, probe)
        if isinstance(probe, PerformanceProbe):
            former = Former(ref, self._clock.now(), self._figures)
            return await look_at_performance(probe, former)
        return await self._looks[probe.kind](probe)


def _told(value: float | None) -> float | None:
    """No infinity goes on record: JSON has no word for it."""
    return value if value is not None and math.isfinite(value) else None


def _patience_s(probe: Probe) -> float:
    return probe.timeout_s + (AROUND_A_WALK_S if isinstance(probe, JourneyProbe) else 0)


def _out_of_time(probe: Probe) -> Sight:
    text = f"No complete answer within {probe.timeout_s:g} s ({probe.kind} probe)."
    return unknown(text) if probe.kind in SAY_NOTHING_BY_HANGING else failing(text)
