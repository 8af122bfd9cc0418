"""One small file for each probe."""

import asyncio
from pathlib import Path

from pydantic import Field, ValidationError

from vigil.domain.figures import FORGOTTEN, MOST_KEPT, Figure
from vigil.domain.probe import ProbeRef
from vigil.domain.value import Instant, Sha256, Value
from vigil.integrations._clients.files import replace

MOST_BYTES = 65_536


class _Remembered(Value):
    spec: Sha256
    figures: tuple[Figure, ...] = Field(max_length=MOST_KEPT)


class FileFigures:
    """Fulfils ``ports.figures.Figures`` with a folder.

    Of two processes that keep one at the same moment, one figure may be lost.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turn = asyncio.Lock()

    async def known(self, ref: ProbeRef, spec: Sha256, now: Instant) -> tuple[Figure, ...]:
        """Those of this very probe that are not forgotten yet."""
        figures = await asyncio.to_thread(self._read, ref, spec)
        return tuple(figure for figure in figures if now - figure.at < FORGOTTEN)

    async def keep(self, ref: ProbeRef, spec: Sha256, figure: Figure) -> None:
        """Write the file anew, with one more."""
        async with self._turn:
            await asyncio.to_thread(self._keep, ref, spec, figure)

    def _keep(self, ref: ProbeRef, spec: Sha256, figure: Figure) -> None:
        newest = (*self._read(ref, spec), figure)[-MOST_KEPT:]
        path = self._path(ref)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace(path, _Remembered(spec=spec, figures=newest).model_dump_json().encode())
        except OSError:
            return

    def _read(self, ref: ProbeRef, spec: Sha256) -> tuple[Figure, ...]:
        try:
            with self._path(ref).open("rb") as file:
                found = _Remembered.model_validate_json(file.read(MOST_BYTES))
        except (OSError, ValidationError):
            return ()
        return found.figures if found.spec == spec else ()

    def _path(self, ref: ProbeRef) -> Path:
        """Names are safe in a path (``domain/value.py``)."""
        return self._folder / ref.service / f"{ref.probe}.json"
