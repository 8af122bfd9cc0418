"""Where an installation lies, and whether its record is one process's or shared by several."""

from pathlib import Path

from vigil import state_folder
from vigil.integrations._clients.database.urls import is_sqlite, parse
from vigil.ports.workers import Worker
from vigil.settings import Settings

KEYS = "keys"
"""Folder of the keys; they are made at the first start and never again."""
WORKERS = "workers"
"""Folder in which each `vigil worker` has one of its own, for its runner, as long as it lives."""
PULSES = "pulses"
"""Folder in which the workers of one machine feel who of them lives."""


def state_directory(settings: Settings) -> Path:
    """The state folder, made readable by its owner only.

    :raises SettingsError: it cannot be made.
    """
    state = settings.vigil_state_dir
    state_folder.own(state)
    return state


def runner_folder(settings: Settings, me: Worker) -> Path:
    """Where this process and its runner meet; of the one `vigil serve` it is the state folder."""
    state = settings.vigil_state_dir
    return state if me.kind == "serve" else state / WORKERS / me.id


def works_alone(settings: Settings) -> bool:
    """Whether one process has the record to itself, as in SQLite; others share theirs."""
    return is_sqlite(parse(settings.database_url))
