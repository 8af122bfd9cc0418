"""The state folder: it holds keys, records and sockets, so it is its owner's alone."""

import os
from pathlib import Path

from vigil.domain.errors import SettingsError

REMEDY = "give it to the user that runs Vigil, or set VIGIL_STATE_DIR"


def own(state: Path) -> None:
    """Make it where there is none; nobody else may look into it afterwards.

    :raises SettingsError: it cannot be made, or belongs to somebody else.
    """
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        state.chmod(0o700)
    except OSError as error:
        raise SettingsError([f"{state} cannot be made: {error.strerror}; {REMEDY}"]) from error


def hindrance(state: Path) -> str | None:
    """Why it could surely not be made or written, without making it; None: nothing is known."""
    nearest = next(place for place in (state, *state.absolute().parents) if place.exists())
    if not nearest.is_dir():
        return f"{nearest} is not a folder"
    if not os.access(nearest, os.W_OK | os.X_OK):
        return f"{nearest} cannot be written"
    return None
