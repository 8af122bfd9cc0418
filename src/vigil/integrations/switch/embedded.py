"""The stop switch as a small file that worker and runner both read."""

import os
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from vigil import flock
from vigil.domain.errors import LockHeld, TemporaryError
from vigil.domain.switch import (
    MAX_RECORD_BYTES,
    SwitchState,
    from_record,
    to_record,
    unreadable,
)
from vigil.integrations._clients.database import write
from vigil.integrations._clients.files import replace

PATIENCE_S = 1.0
"""How long one who turns it waits for others who do; each of them takes milliseconds."""


class Reading(NamedTuple):
    """What the file said at a look; who writes the same again makes another one of it."""

    state: SwitchState
    file: tuple[int, int, int] | None


class FileSwitch:
    """``switch.json`` in the state directory; replaced whole, so that no reader sees half of it."""

    def __init__(self, path: Path, record: Engine | None = None) -> None:
        """``record``: the SQLite database of which each writer heeds this switch."""
        self._path = path
        self._record = record
        self._turning = path.with_name(f"{path.name}.lock")

    def read(self) -> SwitchState:
        """What it says; anything that cannot be read is 'stopped'."""
        return self.look().state

    def look(self) -> Reading:
        """What it says, and which file says it."""
        try:
            with self._path.open("rb") as file:
                found = os.fstat(file.fileno())
                record = file.read(MAX_RECORD_BYTES + 1)
        except OSError as error:
            return Reading(unreadable(error.strerror or type(error).__name__), None)
        which = (found.st_ino, found.st_mtime_ns, found.st_ctime_ns)
        return Reading(from_record(record), which)

    def set(self, state: SwitchState) -> SwitchState:
        """Replace the record and make sure that it is on disk.

        Who keeps all others from turning it is not waited for without end: a stop has to hold.
        """
        with ExitStack() as turning:
            with suppress(LockHeld, OSError):
                turning.enter_context(flock.awaited(self._turning, PATIENCE_S))
            replace(self._path, to_record(state))
        self._outwait_the_writer()
        return self.read()

    def _outwait_the_writer(self) -> None:
        """Whoever read what the switch said before has committed; who writes next reads this."""
        if self._record is not None:
            # It holds already. A database that does not answer takes no approval either.
            with suppress(TemporaryError):
                write(self._record, lambda _: None)

    def set_after(self, last: Reading, state: SwitchState) -> Reading | None:
        """Replace the record that was read last; None when it is another one by now."""
        with suppress(LockHeld), flock.awaited(self._turning, PATIENCE_S):
            if self.look() == last:
                replace(self._path, to_record(state))
                return self.look()
        return None

    def read_within(self, _connection: Connection) -> SwitchState:
        """What it says to a transaction that holds the record's one write lock."""
        return self.read()
