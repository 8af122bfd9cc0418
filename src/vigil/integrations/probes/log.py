"""How many lines of a log are of some kind, per minute."""

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from vigil.domain.pattern import matches
from vigil.domain.probe import LogProbe
from vigil.domain.value import Instant
from vigil.integrations._clients.files import read_tail
from vigil.integrations._clients.log_lines import LogLine, log_line
from vigil.integrations.probes.measured import judged
from vigil.integrations.probes.sight import Sight, unknown

MOST_BYTES = 1024 * 1024
MOST_AHEAD = timedelta(seconds=60)
"""By which a service's clock may be ahead of ours."""
FULL = MOST_BYTES * 15 // 16
"""Of a tail that is this long, the beginning may have been left out."""


class _Counted(NamedTuple):
    lines: int
    """All that have a time within the window."""
    matching: int
    oldest: Instant | None
    """Of everything that was read."""
    ahead: bool
    """A line is of a time that has not come yet: of others too nobody knows when they were."""


async def look_at_log(probe: LogProbe, now: Instant) -> Sight:
    """Read its end. A log that cannot be read says nothing about its service."""
    return await asyncio.to_thread(_look, probe, now)


def _look(probe: LogProbe, now: Instant) -> Sight:
    raw = read_tail(probe.path, MOST_BYTES)
    if raw is None:
        return unknown(f"The log {probe.path} cannot be read; correct the probe's path.")
    counted = _counted(raw, probe, now)
    if counted is None:
        return unknown(f"The log {probe.path} has more to compare than there is time for.")
    if raw and counted.oldest is None:
        return unknown(f"The log {probe.path} has no line that is JSON and has a time.")
    if counted.ahead:
        return unknown(
            f"The log {probe.path} has lines from the future; have its times written with a zone."
        )
    seconds = probe.window_s
    if sum(map(len, raw)) >= FULL and counted.oldest is not None:
        # More was written within the window than is read: what is read stands for all of it.
        seconds = min(max((now - counted.oldest).total_seconds(), 1.0), seconds)
    rate = counted.matching * 60 / seconds
    told = (
        f"Of {counted.lines} lines in the last {seconds:.0f} s, {counted.matching} match, "
        f"{rate:.3g} a minute"
    )
    return judged(told, round(rate, 3), most=probe.max)


def _counted(raw: tuple[bytes, ...], probe: LogProbe, now: Instant) -> _Counted | None:
    """None when the time is up: nobody waits for a thread that goes on."""
    until = time.monotonic() + probe.timeout_s
    since = now - timedelta(seconds=probe.window_s)
    lines = matching = 0
    ahead = False
    oldest: datetime | None = None
    for line in _read(raw):
        if time.monotonic() > until:
            return None
        ahead = ahead or line.at > now + MOST_AHEAD
        oldest = line.at if oldest is None else min(oldest, line.at)
        if line.at >= since:
            lines += 1
            matching += _is_meant(line, probe)
    return _Counted(lines, matching, oldest, ahead)


def _read(raw: tuple[bytes, ...]) -> Iterator[LogLine]:
    return (line for each in raw if (line := log_line(each)) is not None)


def _is_meant(line: LogLine, probe: LogProbe) -> bool:
    return all(
        matches(pattern, _text(line.entry.get(field))) for field, pattern in probe.where.items()
    )


def _text(value: object) -> str:
    """As it stands in the line; empty where there is none."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
