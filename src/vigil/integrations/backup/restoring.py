"""An archive into an installation that is at rest.

What was done between the backup and now is in no record any more: the world is ahead of what Vigil
knows. So a restored Vigil is stopped until a person lets it act, having looked.
"""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from vigil.domain.errors import PermanentError, SettingsError
from vigil.domain.switch import SWITCH_FILE, SwitchState, to_record
from vigil.integrations._clients.database import open_engine
from vigil.integrations._clients.database.copies import is_empty, load_postgres, revision_in
from vigil.integrations._clients.database.migrate import known_revisions
from vigil.integrations._clients.database.urls import parse, shown
from vigil.integrations._clients.files import replace, sync_folder
from vigil.integrations.backup.archive import check, unpack
from vigil.integrations.backup.manifest import (
    KEYS,
    LEDGER,
    RECORD_SQLITE,
    SCREENSHOTS,
    WORKFLOW,
    Manifest,
)
from vigil.integrations.backup.state import State

NEEDED = frozenset({f"{KEYS}/payload.key", f"{KEYS}/audit.key"})
"""Without them the record could not be read, or another history would be signed."""

Prepare = Callable[[Engine, Path, Manifest], int]
"""(record, keys, manifest): tells the record that it was restored; says how many incidents it
told."""


@dataclass(frozen=True)
class Restored:
    """What is in place now. ``aside`` holds what was there before."""

    manifest: Manifest
    open_incidents: int
    aside: Path | None


def stopped(manifest: Manifest) -> SwitchState:
    """The switch of a restored Vigil."""
    when = manifest.at.isoformat(timespec="seconds")
    return SwitchState(
        stopped=True,
        by="vigil restore",
        text=f"restored from a backup of {when}: what was done since is not on record; look at the "
        "open incidents, then resume",
    )


def restore(state: State, file: Path, prepare: Prepare, *, aside: Path | None) -> Restored:
    """Make this state what the archive holds.

    :raises PermanentError: the archive cannot be restored here, or something is here already and
        ``aside`` names no folder for it.
    :raises LockHeld: a Vigil runs on it.
    """
    try:
        with state.at_rest():
            _refuse(state, check(file), file, aside)
            with tempfile.TemporaryDirectory(prefix=".restore-", dir=state.folder) as name:
                return _replace(state, file, Path(name), prepare, aside)
    except OSError as error:
        raise SettingsError(
            [f"{state.folder} cannot be written: {error}; check path, owner and free space"]
        ) from error


def _replace(
    state: State, file: Path, folder: Path, prepare: Prepare, aside: Path | None
) -> Restored:
    """Everything is made ready in a folder first; nothing is in place before all of it is."""
    manifest = unpack(file, folder)
    told = _ready_the_record(state, manifest, folder, prepare)
    there = state.present()
    if aside is not None and there:
        _put_aside(there, aside)
    _put_in_place(state, manifest, folder)
    return Restored(manifest, told, aside if there else None)


def _refuse(state: State, manifest: Manifest, file: Path, aside: Path | None) -> None:
    """Say what speaks against it, before anything is touched."""
    name = shown(parse(state.database_url))
    if state.record not in manifest.names:
        raise PermanentError(
            f"the record in {file} is of another kind of database than {name}; name one of its "
            "kind in VIGIL_DATABASE_URL"
        )
    if missing := NEEDED - manifest.names:
        raise PermanentError(f"{file} is no whole backup: it has no {', '.join(sorted(missing))}")
    if manifest.revision not in known_revisions():
        raise PermanentError(
            f"Vigil {manifest.version} made {file}, with tables of revision {manifest.revision!r} "
            "that this Vigil does not know; restore it with that version or a newer one"
        )
    if state.present() and aside is None:
        raise PermanentError(
            f"there is an installation in {state.folder}; --force puts it aside first"
        )
    if state.record_file is None and not _is_empty(state.database_url):
        raise PermanentError(
            f"{name} is not empty, and nothing in PostgreSQL is overwritten; make a new database, "
            "name it in VIGIL_DATABASE_URL, and the old one stays as it is"
        )


def _is_empty(url: str) -> bool:
    engine = open_engine(url)
    try:
        return is_empty(engine)
    finally:
        engine.dispose()


def _ready_the_record(state: State, manifest: Manifest, folder: Path, prepare: Prepare) -> int:
    """Load it where it is a dump, and have it told; a file is told before it is in place."""
    if state.record_file is None:
        load_postgres(parse(state.database_url), folder / state.record)
        engine = open_engine(state.database_url)
    else:
        found = revision_in(folder / RECORD_SQLITE)
        if found != manifest.revision:
            raise PermanentError(
                f"the record is at revision {found!r}, not at {manifest.revision!r} as the backup "
                "says of itself; use another backup"
            )
        engine = open_engine(f"sqlite:///{folder / RECORD_SQLITE}")
    try:
        return prepare(engine, folder / KEYS, manifest)
    finally:
        engine.dispose()


def _put_aside(parts: tuple[Path, ...], aside: Path) -> None:
    aside.mkdir(mode=0o700)
    for part in parts:
        shutil.move(part, aside / part.name)
    sync_folder(aside)


def _put_in_place(state: State, manifest: Manifest, folder: Path) -> None:
    """Stopped before anything else is there, the record last."""
    replace(state.folder / SWITCH_FILE, to_record(stopped(manifest)))
    for name in (KEYS, SCREENSHOTS, LEDGER, WORKFLOW):
        if (folder / name).exists():
            shutil.move(folder / name, state.folder / name)
    file = state.record_file
    if file is not None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.move(folder / RECORD_SQLITE, file)
        sync_folder(file.parent)
    sync_folder(state.folder)
