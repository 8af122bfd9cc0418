"""Waiting for something that comes soon, by looking."""

import time
from collections.abc import Callable

from vigil.lab.errors import LabNotReady

EVERY_S = 0.05


def until(reached: Callable[[], bool], what: str, seconds: float = 10.0) -> None:
    """LabNotReady when it does not come in time."""
    deadline = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline:
            raise LabNotReady(f"{what} did not come within {seconds:.0f} s")
        time.sleep(EVERY_S)
