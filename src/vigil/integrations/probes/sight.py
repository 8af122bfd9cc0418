"""What a look gave, before it is dated."""

from typing import NamedTuple

from vigil.domain.probe import ProbeOutcome
from vigil.domain.value import Sha256


class Sight(NamedTuple):
    """An answer of one kind of probe, with its sentence."""

    outcome: ProbeOutcome
    text: str
    screenshot: Sha256 | None = None


def passing(text: str) -> Sight:
    """It is as expected."""
    return Sight(ProbeOutcome.PASSING, text)


def failing(text: str) -> Sight:
    """It is not as expected, refuses or does not answer."""
    return Sight(ProbeOutcome.FAILING, text)


def unknown(text: str) -> Sight:
    """Nobody could look."""
    return Sight(ProbeOutcome.UNKNOWN, text)
