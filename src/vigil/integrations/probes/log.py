"""How many lines of a log are of some kind, per minute."""

import asyncio
import json
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from vigil.domain.pattern import matches
from vigil.domain.probe import LogProbe, ProbeOutcome
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
HALF_WRITTEN = 1
"""The newest line may be in the middle of being written."""


class _Counted(NamedTuple):
    lines: int
    """All that have a time within the window."""
    matching: int
    oldest: Instant | None
    """Of everything that was read."""
    ahead: bool
    """A line is of a time that has not come yet: of others too nobody knows when they were."""
    undated: int
    """The newest lines, one after the other, that have no time: who wrote them writes otherwise."""


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
    if (why := _not_dated(raw, counted, probe.path)) is not None:
        return unknown(f"The log {probe.path} has {why}.")
    seconds = probe.window_s
    if sum(map(len, raw)) >= FULL and counted.oldest is not None:
        # More was written within the window than is read: what is read stands for all of it.
        seconds = min(max((now - counted.oldest).total_seconds(), 1.0), seconds)
    rate = counted.matching * 60 / seconds
    told = (
        f"Of {counted.lines} lines in the last {seconds:.0f} s, {counted.matching} match, "
        f"{rate:.3g} a minute"
    )
    sight = judged(told, round(rate, 3), most=probe.max)
    if sight.outcome is ProbeOutcome.PASSING and counted.lines < probe.fewest:
        return unknown(f"{told}, and fewer than {probe.fewest} lines say nothing.")
    return sight


def _not_dated(raw: tuple[bytes, ...], counted: _Counted, path: str) -> str | None:
    """Why nobody can say when its lines were written, as the end of a sentence."""
    if counted.oldest is None and (raw or not _empty(path)):
        return "no line that is JSON and has a time"
    if counted.lines == 0 and counted.undated > HALF_WRITTEN:
        return "newest lines that are not JSON or have no time"
    if counted.ahead:
        return "lines from the future; have its times written with a zone"
    return None


def _empty(path: str) -> bool:
    """And not only without the end of its one endless line."""
    try:
        return Path(path).stat().st_size == 0
    except OSError:
        return False


def _counted(raw: tuple[bytes, ...], probe: LogProbe, now: Instant) -> _Counted | None:
    """None when the time is up: nobody waits for a thread that goes on."""
    until = time.monotonic() + probe.timeout_s
    since = now - timedelta(seconds=probe.window_s)
    lines = matching = 0
    undated = 0
    ahead = False
    oldest: datetime | None = None
    for each in raw:
        if time.monotonic() > until:
            return None
        if (line := log_line(each)) is None:
            undated += 1
            continue
        undated = 0
        ahead = ahead or line.at > now + MOST_AHEAD
        oldest = line.at if oldest is None else min(oldest, line.at)
        if line.at >= since:
            lines += 1
            matching += _is_meant(line, probe)
    return _Counted(lines, matching, oldest, ahead, undated)


def _is_meant(line: LogLine, probe: LogProbe) -> bool:
    return all(
        matches(pattern, _text(line.entry.get(field))) for field, pattern in probe.where.items()
    )


def _text(value: object) -> str:
    """As it stands in the line; empty where there is none."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
