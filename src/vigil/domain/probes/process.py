"""Processes of a supervisor run."""

from typing import ClassVar, Literal

from pydantic import Field

from vigil.domain.probes.base import ProbeSpec


class ProcessProbe(ProbeSpec):
    """Supervisor says RUNNING of every named process."""

    unit: ClassVar[str] = "running"
    kind: Literal["process"]
    supervisor: str
    names: tuple[str, ...] = Field(min_length=1)
