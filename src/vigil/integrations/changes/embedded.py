"""Changes read from files: release logs that deploy tools append to, and configuration files."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pydantic import ValidationError

from vigil.domain.catalogue import Catalogue
from vigil.domain.change import Release
from vigil.domain.scrub import clean
from vigil.domain.value import Instant
from vigil.integrations._clients.deadline import GivenUp
from vigil.integrations._clients.files import read_tail
from vigil.integrations.changes.digests import digests

MOST_BYTES = 1024 * 1024
CONFIGURATION_S = 3.0
"""How long all configuration files of a service may take together."""
MOST_RELEASES = 50
MOST_TEXT = 300
_TEXTS = ("release", "by", "note")


class FileChanges:
    """Fulfils ``ports.changes.Changes`` from files of this machine.

    Releases come from JSON lines, of which several services may share a file.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._logs = {
            name: service.changes.release_log for name, service in catalogue.services.items()
        }
        self._files = {name: service.configuration for name, service in catalogue.services.items()}
        self._given_up: GivenUp[dict[str, str]] = GivenUp()
        # Of its own: one that hangs on a dead file system must not keep the record's from working.
        self._lookers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="configuration")

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

    async def configuration(self, service: str) -> Mapping[str, str] | None:
        """A digest of each file; None when a file system does not answer."""
        looked = await self._given_up.wait(self._look(service), CONFIGURATION_S)
        return looked.result() if looked is not None else None

    async def _look(self, service: str) -> dict[str, str]:
        files = self._files.get(service, ())
        return await asyncio.get_running_loop().run_in_executor(self._lookers, digests, files)


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
