"""An installation into an archive, also while Vigil runs.

The record is copied before the runner's ledger: a ledger that knows more than the record recognises
an effect that the record has not heard of yet; one that knows less would let it be done again. The
workflow's history is the least of them, as it can be made again from the record.
"""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from vigil.domain.errors import NotFound, SettingsError
from vigil.domain.value import Instant, Value
from vigil.integrations._clients.database import open_engine
from vigil.integrations._clients.database.copies import (
    copy_sqlite,
    dump_postgres,
    revision_in,
    revision_of,
)
from vigil.integrations._clients.files import replace
from vigil.integrations.backup.archive import check, describe, pack
from vigil.integrations.backup.manifest import (
    KEY_FILES,
    LEDGER,
    RECORD_SQLITE,
    SCREENSHOTS,
    WORKFLOW,
    Manifest,
)
from vigil.integrations.backup.state import State

LAST = "last-backup.json"
"""Beside the state: when the newest backup was made, for ``vigil doctor``."""


class Last(Value):
    """The newest backup that came to its end."""

    at: Instant
    file: str


def last_backup(folder: Path) -> Last | None:
    """The newest backup of a state; None when there was none that is known."""
    try:
        return Last.model_validate_json((folder / LAST).read_bytes())
    except (OSError, ValidationError):
        return None


def back_up(state: State, file: Path, *, version: str, at: Instant) -> Manifest:
    """Write everything into one archive, and read it again to be sure.

    :raises NotFound: no Vigil has run here.
    """
    if not state.keys.exists():
        raise NotFound(f"{state.keys} is not there: no Vigil has run here, so there is nothing")
    file = file.absolute()
    try:
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=file.parent) as name:
            folder = Path(name)
            revision = _copy_record(state, folder)
            for database in (LEDGER, WORKFLOW):
                if (state.folder / database).exists():
                    copy_sqlite(state.folder / database, folder / database)
            _copy_files(state, folder)
            manifest = Manifest(
                schema="vigil.backup/1",
                version=version,
                revision=revision,
                at=at,
                items=describe(folder),
            )
            pack(folder, manifest, file)
    except OSError as error:
        raise SettingsError(
            [f"{file} cannot be written: {error}; check path, owner and free space"]
        ) from error
    checked = check(file)
    replace(state.folder / LAST, Last(at=at, file=str(file)).model_dump_json().encode())
    return checked


def _copy_record(state: State, folder: Path) -> str:
    """Gives the revision of what was copied."""
    target = folder / state.record
    if state.record_file is not None:
        copy_sqlite(state.record_file, target)
        return revision_in(folder / RECORD_SQLITE)
    engine = open_engine(state.database_url)
    try:
        dump_postgres(engine.url, target)
        return revision_of(engine)
    finally:
        engine.dispose()


def _copy_files(state: State, folder: Path) -> None:
    for source in (*(state.keys / name for name in KEY_FILES), *_pictures(state)):
        target = folder / source.relative_to(state.folder)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        # A picture may be the oldest at this moment, and go; there may be no token yet.
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(source, target)


def _pictures(state: State) -> Iterator[Path]:
    """Whole ones; one that is being written has another name yet."""
    return (state.folder / SCREENSHOTS).glob("[0-9a-f]*.png")
