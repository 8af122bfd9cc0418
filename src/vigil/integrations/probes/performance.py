"""How long a page takes, of several requests."""

import asyncio
import math
import time
from collections.abc import Iterator, Sequence

import httpx2

from vigil.domain.probe import PerformanceProbe
from vigil.integrations._clients.http import IDENTITY, read_body, shown, tls_context
from vigil.integrations.probes.sight import Sight, failing, passing, unknown

MOST_BYTES = 1024 * 1024


class _Wrong(Exception):
    """An answer that is none of a page that works; says which."""


async def look_at_performance(probe: PerformanceProbe) -> Sight:
    """Ask as often as it says, and no quicker; the first answer that is wrong ends it."""
    place = f"GET {shown(probe.url)}"
    try:
        times = sorted(await _asked(probe))
    except ExceptionGroup as several:
        return _translated(place, several.exceptions[0])
    return _judge(probe, place, times)


def _translated(place: str, error: Exception) -> Sight:
    match error:
        case _Wrong():
            return failing(f"{place} {error}.")
        case httpx2.InvalidURL() | httpx2.UnsupportedProtocol() | httpx2.LocalProtocolError():
            return unknown(f"{place} cannot be asked for ({error}); correct the probe's url.")
        case httpx2.HTTPError() | OSError():
            return failing(f"{place} failed: {type(error).__name__} {error}".rstrip() + ".")
        case _:
            raise error


async def _asked(probe: PerformanceProbe) -> list[float]:
    """Milliseconds of each request, its whole answer included."""
    times: list[float] = []
    turns = iter(range(probe.requests))
    began = time.monotonic()

    async def ask(client: httpx2.AsyncClient, turns: Iterator[int]) -> None:
        for turn in turns:
            await asyncio.sleep(began + turn / probe.per_s - time.monotonic())
            started = time.monotonic()
            async with client.stream("GET", probe.url) as response:
                await read_body(response, MOST_BYTES)
            if response.status_code != probe.status:
                status = response.status_code
                raise _Wrong(f"answered {status} to request {turn + 1}, expected {probe.status}")
            times.append((time.monotonic() - started) * 1000)

    async with (
        httpx2.AsyncClient(
            trust_env=False,
            verify=tls_context(),
            timeout=httpx2.Timeout(probe.timeout_s),
            headers=IDENTITY,
            limits=httpx2.Limits(max_connections=probe.at_once),
        ) as client,
        asyncio.TaskGroup() as group,
    ):
        for _ in range(probe.at_once):
            group.create_task(ask(client, turns))
    return times


def _judge(probe: PerformanceProbe, place: str, times: Sequence[float]) -> Sight:
    middle, most = _percentile(times, 50), _percentile(times, 95)
    told = f"Of {len(times)} requests {place} took {middle:.0f} ms in the middle (p50) and"
    told = f"{told} {most:.0f} ms at 95 % (p95)"
    value = round(most, 1)
    if probe.p50_ms is not None and middle > probe.p50_ms:
        return failing(f"{told}; the budget of p50 is {probe.p50_ms:g} ms.", value)
    if most > probe.p95_ms:
        return failing(f"{told}; the budget of p95 is {probe.p95_ms:g} ms.", value)
    return passing(f"{told}, within the budget of {probe.p95_ms:g} ms.", value)


def _percentile(times: Sequence[float], share: int) -> float:
    """The nearest rank: a time that some request really took."""
    return times[math.ceil(len(times) * share / 100) - 1]
