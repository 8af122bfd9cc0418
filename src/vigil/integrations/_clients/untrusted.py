"""Single values out of a stranger's JSON: of the type they should be, bounded, fit to keep."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from heapq import nsmallest

from vigil.domain.scrub import clean, without_control
from vigil.domain.value import Instant

MOST_TEXT = 4096
"""Characters of one string that are kept."""


def words(value: object) -> str:
    """Text for people: cut, without obvious secrets; empty for what is no text."""
    return clean(value, MOST_TEXT) if isinstance(value, str) else ""


def identifier(value: object) -> str:
    """Not masked: two identifiers that look like secrets must not become the same."""
    return without_control(value[:MOST_TEXT]).strip() if isinstance(value, str) else ""


def texts(value: object) -> dict[str, str]:
    """The text entries of what should be an object of texts."""
    items: Iterable[tuple[str, object]] = value.items() if isinstance(value, dict) else ()
    return {key: text for key, text in items if isinstance(text, str)}


def labels(found: Mapping[str, str], most: int) -> tuple[tuple[str, str], ...]:
    """The first so many by name, fit to keep; no work is done on those that are not kept."""
    kept = nsmallest(most, found.items())
    return tuple(sorted((identifier(name), words(text)) for name, text in kept))


def moment(value: object) -> Instant | None:
    """RFC 3339 with up to nanoseconds; the zero time, year 1, stands for none."""
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value)
        read = (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return read if read.year > 1 else None


def member(value: object, *path: str) -> object:
    """What is found on a path through objects, or None."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
