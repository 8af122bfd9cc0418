"""The stop switch as a small file that worker and runner both read."""

import os
from pathlib import Path

from pydantic import ValidationError

from vigil.ports.switch import SwitchState

BYTES = 4096
"""A record longer than this is not one that Vigil wrote."""


class FileSwitch:
    """``switch.json`` in the state directory; replaced whole, so that no reader sees half of it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> SwitchState:
        """What it says; anything that cannot be read is 'stopped'."""
        try:
            with self._path.open("rb") as file:
                record = file.read(BYTES + 1)
            if len(record) > BYTES:
                return SwitchState(stopped=True, text=f"{self._path} is too long for a switch")
            return SwitchState.model_validate_json(record, strict=True)
        except OSError as error:
            return SwitchState(stopped=True, text=f"{self._path} cannot be read: {error.strerror}")
        except ValidationError:
            return SwitchState(stopped=True, text=f"{self._path} is not a switch record")

    def set(self, state: SwitchState) -> None:
        """Replace the record and make sure that it is on disk."""
        new = self._path.with_suffix(".new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(state.model_dump_json())
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)
