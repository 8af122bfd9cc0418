"""Changes read from the release logs that deploy tools append to."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from vigil.domain.catalogue import Catalogue
from vigil.domain.change import Release
from vigil.domain.scrub import clean
from vigil.domain.value import Instant
from vigil.integrations._clients.files import read_tail

MOST_BYTES = 1024 * 1024
MOST_RELEASES = 50
MOST_TEXT = 300
_TEXTS = ("release", "by", "note")


class ReleaseLogChanges:
    """Fulfils ``ports.changes.Changes`` from JSON-lines files; several services may share one."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._logs = {
            name: service.changes.release_log for name, service in catalogue.services.items()
        }

    async def releases(self, service: str, since: Instant) -> tuple[Release, ...] | None:
        """Newest first; None without a log that can be read."""
        path = self._logs.get(service)
        if path is None:
            return None
        lines = await asyncio.to_thread(read_tail, path, MOST_BYTES)
        if lines is None:
            return None
        # Of two with the same time the one further down was written later.
        found = [
            release
            for line in reversed(lines)
            for release in _read(line)
            if release.service == service and release.at >= since
        ]
        return tuple(sorted(found, key=lambda release: release.at, reverse=True)[:MOST_RELEASES])


def _read(line: bytes) -> Iterator[Release]:
    """One release, or none when the line is broken. What else it says is left out."""
    try:
        entry = json.loads(line)
        if isinstance(entry, dict):
            yield Release.model_validate(_known(entry))
    except (ValueError, RecursionError, ValidationError):
        return


def _known(entry: dict[str, Any]) -> dict[str, Any]:
    known = {name: entry[name] for name in Release.model_fields if entry.get(name) is not None}
    for name in _TEXTS:
        if isinstance(known.get(name), str):
            known[name] = clean(known[name], MOST_TEXT)
    return known
