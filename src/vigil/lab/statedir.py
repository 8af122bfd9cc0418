"""The state directory of a lab: taken, held, ended and cleared."""

import os
import shutil
import signal
import time
from pathlib import Path

from pydantic import ValidationError

from vigil.lab.config import Paths, load_config
from vigil.lab.errors import LabError, LabUsage
from vigil.lab.proc import Identity, alive, residents

DOWN_DEADLINE_S = 10.0


def keeper_of(files: Paths) -> Identity | None:
    """The living keeper of a lab: the very process that wrote its file, not a later namesake."""
    try:
        written = Identity.model_validate_json(files.keeper.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
    return written if alive(written) else None


def end_processes(state: Path) -> None:
    """End the keeper, and with it the cage; wait until nothing of the lab is left."""
    found = keeper_of(Paths(state))
    if found is not None:
        os.kill(found.pid, signal.SIGTERM)
    deadline = time.monotonic() + DOWN_DEADLINE_S
    while left := residents(state):
        if time.monotonic() > deadline:
            raise LabError(
                f"processes of the lab in {state} did not end: {left}; end them with kill -9"
            )
        time.sleep(0.02)


def clear(state: Path) -> None:
    """Remove the folder of a lab, and of nothing else."""
    load_config(Paths(state).lab_json)
    shutil.rmtree(state)


def prepare(state: Path) -> Path:
    """An empty folder of our own; what an ended lab left there is cleared."""
    state = state.expanduser().resolve()
    files = Paths(state)
    if keeper_of(files):
        raise LabUsage(f"a lab is running in {state}: end it with `vigil lab down --state {state}`")
    if files.lab_json.exists():
        end_processes(state)
        clear(state)
    if state.exists() and any(state.iterdir()):
        raise LabUsage(f"{state} is not empty and not a lab: choose another folder with --state")
    state.mkdir(parents=True, mode=0o700, exist_ok=True)
    state.chmod(0o700)
    return state
