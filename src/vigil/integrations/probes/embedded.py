"""Probes that this process runs itself: HTTP, TCP, Redis, SQL, supervisor."""

import asyncio
from typing import assert_never

from vigil.domain.probe import (
    HttpProbe,
    Probe,
    ProbeRef,
    ProbeResult,
    ProcessProbe,
    RedisProbe,
    SqlProbe,
    TcpProbe,
)
from vigil.domain.scrub import clean
from vigil.integrations.probes.http import walk
from vigil.integrations.probes.process import look_at_processes
from vigil.integrations.probes.redis import look_at_redis
from vigil.integrations.probes.sight import Sight, failing, unknown
from vigil.integrations.probes.sql import look_at_sql
from vigil.integrations.probes.tcp import look_at_tcp
from vigil.ports.clock import Clock

MOST_TEXT = 500


class EmbeddedProbes:
    """Fulfils ``ports.probes.Probes``."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._given_up: set[asyncio.Task[Sight]] = set()

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
        )

    async def _look_in_time(self, probe: Probe) -> Sight:
        task = asyncio.create_task(self._look(probe))
        try:
            await asyncio.wait({task}, timeout=probe.timeout_s)
        finally:
            if not task.done():
                # Some drivers take seconds to tidy up after a cancellation; the deadline does not
                # wait for them. The set keeps the task from being collected half way.
                task.cancel()
                self._given_up.add(task)
                task.add_done_callback(self._forget)
        if not task.done():
            return _out_of_time(probe)
        if (error := task.exception()) is not None:
            # The kinds translate what they know. Anything else is this program's mistake, and a
            # probe that broke has seen nothing.
            return unknown(
                f"The {probe.kind} probe itself broke ({type(error).__name__}: {error}); "
                "please report this."
            )
        return task.result()

    def _forget(self, task: asyncio.Task[Sight]) -> None:
        self._given_up.discard(task)
        if not task.cancelled():
            task.exception()  # seen, so that the loop does not complain that nobody looked

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
            case _:
                assert_never(probe)


def _out_of_time(probe: Probe) -> Sight:
    text = f"No complete answer within {probe.timeout_s:g} s ({probe.kind} probe)."
    # A supervisor that hangs says nothing about the processes that it watches.
    return unknown(text) if isinstance(probe, ProcessProbe) else failing(text)
