"""What an installation consists of, and where each part of it is."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from vigil import flock
from vigil.domain.switch import SWITCH_FILE
from vigil.integrations._clients.database import only_process
from vigil.integrations._clients.database.urls import file_of, is_sqlite, parse
from vigil.integrations.backup.manifest import (
    KEYS,
    LEDGER,
    RECORD_POSTGRES,
    RECORD_SQLITE,
    SCREENSHOTS,
    WORKFLOW,
)

_HELD_BY = ("serve.lock", "runner.lock")
"""In the state folder: whoever works in it holds one of them."""
_WORKERS_HOLD = ("workers/*/worker.lock", "workers/*/runner.lock")
"""Each `vigil worker` has a folder of its own, before its runner is there and after it."""
_SIDE_FILES = ("", "-wal", "-shm")
"""SQLite's own, which belong to the database beside which they lie."""


@dataclass(frozen=True)
class State:
    """One Vigil's state, at rest or in use."""

    folder: Path
    database_url: str

    @property
    def keys(self) -> Path:
        """The folder without which nothing else is worth anything."""
        return self.folder / KEYS

    @property
    def record_file(self) -> Path | None:
        """Where the record is, if it is a file."""
        url = parse(self.database_url)
        return file_of(url) if is_sqlite(url) else None

    @property
    def record(self) -> str:
        """What the record is called in an archive."""
        return RECORD_POSTGRES if self.record_file is None else RECORD_SQLITE

    def present(self) -> tuple[Path, ...]:
        """Whatever is here of an installation, but its record in PostgreSQL."""
        files = [self.folder / WORKFLOW, self.folder / LEDGER]
        files += [] if self.record_file is None else [self.record_file]
        beside = [file.with_name(file.name + side) for file in files for side in _SIDE_FILES]
        others = [self.folder / name for name in (KEYS, SCREENSHOTS, SWITCH_FILE)]
        return tuple(part for part in (*beside, *others) if part.exists())

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """Nobody works on it meanwhile; ``LockHeld`` when somebody does."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        with ExitStack() as stack:
            workers = [path for pattern in _WORKERS_HOLD for path in self.folder.glob(pattern)]
            taken = f"a Vigil runs on {self.folder}; end it before its state is replaced"
            for path in (*(self.folder / name for name in _HELD_BY), *workers):
                stack.enter_context(flock.locked(path, taken))
            stack.enter_context(only_process(self.database_url))
            yield
