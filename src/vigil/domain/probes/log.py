"""Not too many lines of a log are of some kind."""

import operator
from typing import ClassVar, Literal

from pydantic import Field, NonNegativeFloat

from vigil.domain.pattern import Pattern
from vigil.domain.probes.base import ProbeSpec
from vigil.domain.verbs.base import Absolute


class LogProbe(ProbeSpec):
    """Of a file of JSON lines, at most ``max`` lines a minute match, over the last ``window_s``."""

    unit: ClassVar[str] = "a minute"
    kind: Literal["log"]
    path: Absolute
    where: dict[str, Pattern] = Field(min_length=1, max_length=5)
    """Field to regular expression (full match); a line has to match all of them."""
    max: NonNegativeFloat
    window_s: float = Field(default=60.0, ge=5.0, le=3600.0)
    fewest: int = Field(default=0, ge=0, le=1_000_000, exclude_if=operator.not_)
    """Lines of any kind that there have to be: a log that nobody writes any more says nothing."""
