"""Lines of a log that are JSON objects with a time, as the usual loggers write them."""

import json
from datetime import UTC, datetime
from typing import Any, NamedTuple

from vigil.domain.value import Instant

_TIMES = ("timestamp", "time", "ts", "@timestamp")
_SECONDS_UP_TO = 1e11
_FINER = (1, 1_000, 1_000_000, 1_000_000_000)
"""A number above it counts milliseconds, microseconds or nanoseconds."""


class LogLine(NamedTuple):
    """One line: when it was written, and what it says."""

    at: Instant
    entry: dict[str, Any]


def log_line(raw: bytes) -> LogLine | None:
    """None for anything that is no object with a time, broken lines included."""
    try:
        entry = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict):
        return None
    at = _moment(next((entry[name] for name in _TIMES if entry.get(name) is not None), None))
    return None if at is None else LogLine(at, entry)


def _moment(value: object) -> Instant | None:
    """ISO 8601 (UTC when it names no zone) or seconds, milli-, micro- or nanoseconds of 1970."""
    try:
        if isinstance(value, str):
            read = datetime.fromisoformat(value)
            return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            seconds = (value / finer for finer in _FINER)
            return next(
                (datetime.fromtimestamp(s, UTC) for s in seconds if s <= _SECONDS_UP_TO), None
            )
    except (ValueError, OverflowError, OSError):
        return None
    return None
