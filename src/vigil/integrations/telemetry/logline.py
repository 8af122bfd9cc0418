"""Read one JSON log line, as the usual loggers of several languages write it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from vigil.domain.scrub import clean
from vigil.domain.telemetry import ErrorOrigin
from vigil.domain.value import Instant
from vigil.integrations._clients.log_lines import log_line
from vigil.integrations.telemetry.origin import origin_of

MOST_SAMPLE = 300
MOST_NAME = 120
MOST_CHAIN = 10
"""Errors of one chain of causes that are looked at."""

_LEVELS = frozenset({"error", "critical", "exception", "fatal"})
_RAISED = re.compile(r"^([A-Za-z_][\w.]{0,200})(?:: (.*))?$")
_PLACE = re.compile(r'^\s+File "([^"]{1,500})", line (\d{1,9})(?:, in (.{1,200}))?')


class ErrorLine(NamedTuple):
    """One error, with its texts cleaned and cut."""

    at: Instant
    type: str
    origin: ErrorOrigin
    release: str | None
    instance: str | None
    sample: str
    frame: str | None


class _Raised(NamedTuple):
    type: str
    message: str
    frame: str | None


def read_line(raw: bytes) -> ErrorLine | None:
    """The error that a line tells of, or None for anything else, broken lines included."""
    line = log_line(raw)
    if line is None or _text(line.entry, "level", "severity").lower() not in _LEVELS:
        return None
    at, entry = line
    event = _text(entry, "event", "message", "msg")
    chain = list(_chain(_first(entry, "exception", "exc_info", "error")))[:MOST_CHAIN]
    outermost = chain[0] if chain else _Raised("", "", None)
    said = outermost.message or event
    return ErrorLine(
        at=at,
        type=clean(outermost.type, MOST_NAME) or _kind_of_event(event),
        origin=origin_of(
            (raised.type for raised in chain), " ".join([event, *(r.message for r in chain)])
        ),
        release=clean(_text(entry, "release", "version"), MOST_NAME) or None,
        instance=clean(_text(entry, "instance"), MOST_NAME) or None,
        sample=clean(said, MOST_SAMPLE),
        frame=clean(outermost.frame, MOST_SAMPLE) if outermost.frame else None,
    )


def _first(entry: Mapping[str, Any], *names: str) -> Any:  # noqa: ANN401 - any JSON value
    return next((entry[name] for name in names if entry.get(name) is not None), None)


def _text(entry: Mapping[str, Any], *names: str) -> str:
    found = _first(entry, *names)
    return str(found) if isinstance(found, str | int | float) else ""


def _kind_of_event(event: str) -> str:
    """The event with its numbers taken out, so that 'order 12 failed' is one group."""
    return clean(re.sub(r"\d+", "#", event[: 4 * MOST_NAME]), MOST_NAME) or "unnamed"


def _chain(exception: object) -> Iterator[_Raised]:
    """Every error of a chain of causes, the one that was logged first."""
    if isinstance(exception, str):
        yield from _from_traceback(exception)
    elif isinstance(exception, list):
        for one in exception[:MOST_CHAIN]:
            if isinstance(one, dict):
                yield from _from_object(one)
    elif isinstance(exception, dict):
        yield from _from_object(exception)


def _from_object(exception: dict[str, Any]) -> Iterator[_Raised]:
    at: object = exception
    for _ in range(MOST_CHAIN):
        if not isinstance(at, dict):
            return
        kind = _text(at, "type", "exc_type", "class", "name")
        message = _text(at, "message", "exc_value", "value")
        yield _Raised(kind, message, _innermost(at.get("frames")))
        at = at.get("cause")


def _innermost(frames: object) -> str | None:
    if not isinstance(frames, list) or not frames:
        return None
    frame = frames[-1]
    if isinstance(frame, str):
        return frame
    if not isinstance(frame, dict):
        return None
    place = f"{_text(frame, 'filename', 'file')}:{_text(frame, 'lineno', 'line')}"
    return f"{place} {_text(frame, 'name', 'function')}".strip()


def _from_traceback(text: str) -> Iterator[_Raised]:
    """Python's own format. The last error is the one that was logged, its causes come before it."""
    found: list[_Raised] = []
    frame: str | None = None
    for line in text.splitlines():
        if place := _PLACE.match(line):
            frame = f"{place[1]}:{place[2]} {place[3] or ''}".strip()
        elif frame is not None and (raised := _RAISED.match(line)):
            found.append(_Raised(raised[1], raised[2] or "", frame))
            frame = None
    if not found:  # not a traceback: one line "Type: message", or just words
        raised = _RAISED.match(text.strip())
        found.append(
            _Raised(raised[1], raised[2] or "", None) if raised else _Raised("", text, None)
        )
    yield from reversed(found)
