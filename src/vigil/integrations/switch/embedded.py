"""The stop switch as a small file that worker and runner both read."""

from pathlib import Path

from vigil.domain.switch import (
    MAX_RECORD_BYTES,
    SwitchState,
    from_record,
    to_record,
    unreadable,
)
from vigil.integrations._clients.files import replace


class FileSwitch:
    """``switch.json`` in the state directory; replaced whole, so that no reader sees half of it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> SwitchState:
        """What it says; anything that cannot be read is 'stopped'."""
        try:
            with self._path.open("rb") as file:
                record = file.read(MAX_RECORD_BYTES + 1)
        except OSError as error:
            return unreadable(error.strerror or type(error).__name__)
        return from_record(record)

    def set(self, state: SwitchState) -> None:
        """Replace the record and make sure that it is on disk."""
        replace(self._path, to_record(state))
