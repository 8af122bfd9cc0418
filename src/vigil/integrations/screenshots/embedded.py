"""Files named by the digest of what is in them."""

import asyncio
import contextlib
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from vigil.domain.value import Instant, Sha256
from vigil.integrations._clients.files import place_once

MOST_FILES = 500
MOST_BYTES = 200 * 1000**2
MOST_OF_ONE = 2 * 1024**2
PNG = b"\x89PNG\r\n\x1a\n"
_NAME = re.compile(r"[0-9a-f]{64}\.png")
_OURS = re.compile(r"\.?[0-9a-f]{64}\.png(\.[0-9a-f]+)?")
"""With what a crash left half written, which goes like all that is old."""


class _Kept(NamedTuple):
    """A picture in the folder; sorts by age."""

    at: int
    path: Path
    size: int


class FileScreenshots:
    """Fulfils ``ports.screenshots.Screenshots`` with a folder."""

    def __init__(
        self, folder: Path, most_files: int = MOST_FILES, most_bytes: int = MOST_BYTES
    ) -> None:
        self._folder = folder
        self._most_files = most_files
        self._most_bytes = most_bytes
        # Two at once would each count without the other's picture.
        self._turn = asyncio.Lock()

    async def keep(self, picture: bytes) -> Sha256 | None:
        """Write it, then take away the oldest that are too many."""
        if not picture.startswith(PNG) or len(picture) > MOST_OF_ONE:
            return None
        async with self._turn:
            return await asyncio.to_thread(self._keep, picture)

    async def read(self, digest: Sha256) -> bytes | None:
        """Read it, if what is there is what the digest names."""
        return await asyncio.to_thread(self._read, digest)

    async def forget(self, before: Instant, most: int) -> int:
        """Take away those that are older, at most so many at a time; says how many."""
        async with self._turn:
            return await asyncio.to_thread(self._forget, before.timestamp() * 1e9, most)

    def _forget(self, before_ns: float, most: int) -> int:
        try:
            old = [found.path for found in sorted(self._all()) if found.at < before_ns][:most]
            for path in old:
                path.unlink(missing_ok=True)
        except OSError:
            return 0
        return len(old)

    def _keep(self, picture: bytes) -> Sha256 | None:
        digest = hashlib.sha256(picture).hexdigest()
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self._folder / f"{digest}.png"
            if self._read(f"sha256:{digest}") is None:
                path.unlink(missing_ok=True)
                place_once(path, picture, mode=0o600)
            # One that is taken again is as young as the newest.
            path.touch()
            self._make_room(path)
        except OSError:
            return None
        return f"sha256:{digest}"

    def _read(self, digest: Sha256) -> bytes | None:
        hexadecimal = digest.removeprefix("sha256:")
        name = f"{hexadecimal}.png"
        if not _NAME.fullmatch(name):
            return None
        try:
            with (self._folder / name).open("rb") as file:
                picture = file.read(MOST_OF_ONE + 1)
        except OSError:
            return None
        return picture if hashlib.sha256(picture).hexdigest() == hexadecimal else None

    def _make_room(self, newest: Path) -> None:
        kept = sorted(self._all(), reverse=True)
        files = size = 0
        for found in kept:
            files, size = files + 1, size + found.size
            if found.path != newest and (files > self._most_files or size > self._most_bytes):
                found.path.unlink(missing_ok=True)

    def _all(self) -> Iterator[_Kept]:
        for path in self._folder.iterdir():
            if not _OURS.fullmatch(path.name):
                continue
            with contextlib.suppress(FileNotFoundError):
                found = path.lstat()
                yield _Kept(found.st_mtime_ns, path, found.st_size)
