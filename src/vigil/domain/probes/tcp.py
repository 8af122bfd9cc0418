"""Something accepts connections."""

from typing import ClassVar, Literal

from pydantic import Field

from vigil.domain.probes.base import MILLISECONDS, ProbeSpec


class TcpProbe(ProbeSpec):
    """Something accepts connections."""

    unit: ClassVar[str] = MILLISECONDS
    kind: Literal["tcp"]
    host: str
    port: int = Field(ge=1, le=65535)
