"""How long a page takes, of several requests."""

import asyncio
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import httpx2

from vigil.domain.figures import Figure, usually
from vigil.domain.identity import content_digest
from vigil.domain.probe import PerformanceProbe, ProbeOutcome, ProbeRef
from vigil.domain.telemetry import FEWEST_WINDOWS
from vigil.domain.value import Instant
from vigil.integrations._clients.http import read_body, shown, tls_context
from vigil.integrations.probes.http_answer import FRESH, MOST_BYTES, decoded
from vigil.integrations.probes.sight import Sight, failing, passing, unknown
from vigil.ports.figures import Figures


class _Wrong(Exception):
    """An answer that is none of a page that works; says which."""


@dataclass(frozen=True)
class Former:
    """The figures of the looks before this one; None where nobody keeps any."""

    ref: ProbeRef
    now: Instant
    figures: Figures | None


async def look_at_performance(probe: PerformanceProbe, former: Former) -> Sight:
    """Ask as often as it says, and no quicker; the first answer that is wrong ends it."""
    place = f"GET {shown(probe.url)}"
    try:
        times = sorted(await _asked(probe))
    except ExceptionGroup as several:
        return _translated(place, several.exceptions[0])
    figure = Figure(at=former.now, p50_ms=_percentile(times, 50), p95_ms=_percentile(times, 95))
    spec = content_digest(probe.model_dump(mode="json"))
    known = await former.figures.known(former.ref, spec, former.now) if former.figures else ()
    sight = _judge(probe, f"Of {len(times)} requests {place}", figure, known)
    if former.figures and sight.outcome is ProbeOutcome.PASSING:
        await former.figures.keep(former.ref, spec, figure)
    return sight


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
                body = await read_body(response, MOST_BYTES)
            took_s = time.monotonic() - started
            if response.status_code != probe.status:
                status = response.status_code
                raise _Wrong(f"answered {status} to request {turn + 1}, expected {probe.status}")
            if probe.text is not None and probe.text not in decoded(response, body):
                raise _Wrong(f"answered request {turn + 1} without '{probe.text}'")
            times.append(took_s * 1000)

    async with (
        httpx2.AsyncClient(
            trust_env=False,
            verify=tls_context(),
            timeout=httpx2.Timeout(probe.timeout_s),
            headers=FRESH,
            # A connection each, as visitors come: one that is kept may lead to one instance only.
            limits=httpx2.Limits(max_connections=probe.at_once, max_keepalive_connections=0),
        ) as client,
        asyncio.TaskGroup() as group,
    ):
        for _ in range(probe.at_once):
            group.create_task(ask(client, turns))
    return times


def _judge(probe: PerformanceProbe, whence: str, figure: Figure, known: Sequence[Figure]) -> Sight:
    """By its budget, and by what is usual where that is known."""
    told = (
        f"{whence} took {figure.p50_ms:.0f} ms in the middle (p50) and {figure.p95_ms:.0f} ms at "
        "95 % (p95)"
    )
    usual = usually(known)
    if probe.p50_ms is not None and figure.p50_ms > probe.p50_ms:
        sight = failing(f"{told}; the budget of p50 is {probe.p50_ms:g} ms.")
    elif figure.p95_ms > probe.p95_ms:
        sight = failing(f"{told}; the budget of p95 is {probe.p95_ms:g} ms.")
    elif usual is None:
        few = f"{len(known)} of {FEWEST_WINDOWS} looks"
        sight = passing(
            f"{told}, within the budget of {probe.p95_ms:g} ms; what is usual is not known ({few})."
        )
    elif (missed := usual.missed_by(figure)) is not None:
        sight = failing(f"{told}; {missed}.")
    else:
        sight = passing(
            f"{told}, within the budget of {probe.p95_ms:g} ms; {usual.p95.median:.0f} ms is usual."
        )
    return sight._replace(
        value=round(figure.p95_ms, 1), usual=round(usual.p95.median, 1) if usual else None
    )


def _percentile(times: Sequence[float], share: int) -> float:
    """The nearest rank: a time that some request really took."""
    return times[math.ceil(len(times) * share / 100) - 1]
