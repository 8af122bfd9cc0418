"""What a look gave, before it is dated."""

import time
from typing import NamedTuple

from vigil.domain.probe import ProbeOutcome
from vigil.domain.value import Sha256


class Sight(NamedTuple):
    """An answer of one kind of probe, with its sentence."""

    outcome: ProbeOutcome
    text: str
    screenshot: Sha256 | None = None
    value: float | None = None
    """What was measured, in the unit of its kind."""
    usual: float | None = None
    """What it was in former looks."""


def passing(text: str, value: float | None = None) -> Sight:
    """It is as expected."""
    return Sight(ProbeOutcome.PASSING, text, value=value)


def failing(text: str, value: float | None = None) -> Sight:
    """It is not as expected, refuses or does not answer."""
    return Sight(ProbeOutcome.FAILING, text, value=value)


def unknown(text: str) -> Sight:
    """Nobody could look."""
    return Sight(ProbeOutcome.UNKNOWN, text)


def milliseconds(since: float) -> float:
    """From a reading of ``time.monotonic`` until now, to a tenth."""
    return round((time.monotonic() - since) * 1000, 1)
