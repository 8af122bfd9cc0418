"""The stop switch as the runner sees it: the file that the worker turns."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from vigil.domain.switch import MAX_RECORD_BYTES, SwitchState, from_record, unreadable

Switch = Callable[[], SwitchState]
"""Says whether anything may be begun now; read anew right before each thing that is."""


def switch_at(file: Path) -> Switch:
    """The switch that this file is."""
    return partial(read_switch, file)


def read_switch(file: Path) -> SwitchState:
    """The switch as it is now; a file that is missing or unreadable counts as stopped."""
    try:
        with file.open("rb") as opened:
            record = opened.read(MAX_RECORD_BYTES + 1)
    except OSError as error:
        return unreadable(error.strerror or type(error).__name__)
    return from_record(record)
