"""A command that only reads ends as it should."""

from typing import Literal, Self

from pydantic import Field, FiniteFloat, model_validator

from vigil.domain.pattern import Pattern
from vigil.domain.probes.base import ProbeSpec
from vigil.domain.value import Name, Value
from vigil.domain.verbs.base import Absolute

FOLDER = "/vigil/files"
"""Where a command finds its files."""
MOST_FILE_BYTES = 262_144
"""Of each file that a command is given."""


class CommandProbe(ProbeSpec):
    """A script of bash, in a sandbox, ends with a code and with a last line.

    It has no network and no grant, and of the machine it sees the programs, and copies of
    ``files``.
    """

    kind: Literal["command"]
    script: str = Field(min_length=1, max_length=4000)
    files: dict[Name, Absolute] = Field(default={}, max_length=5)
    """What it may read: each is found below ``FOLDER`` under its name here."""
    exit_code: int = Field(default=0, ge=0, le=255)
    prints: Pattern | None = None
    """What its last line has to match."""
    min: FiniteFloat | None = None
    max: FiniteFloat | None = None
    """Of the number that its last line has to be."""

    @model_validator(mode="after")
    def _expects_one_thing_of_its_line(self) -> Self:
        if self.prints is not None and (self.min is not None or self.max is not None):
            raise ValueError("give either prints, or min and max")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is above max")
        return self


class CommandEnd(Value):
    """How a command ended, and what it printed last, without control characters and secrets."""

    ended: str
    """In one word: ``exited``, ``timed_out``, ``out_of_memory``, ``killed`` or ``lost``."""
    exit_code: int | None
    output: str
