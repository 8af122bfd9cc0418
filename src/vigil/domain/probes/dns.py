"""A name resolves, to what it should."""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field, IPvAnyAddress, StringConstraints

from vigil.domain.probes.base import MILLISECONDS, ProbeSpec

DnsName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_*-]+(\.[A-Za-z0-9_-]+)*\.?$", max_length=253)
]


class Record(StrEnum):
    """What is asked of a name."""

    A = "A"
    """Its addresses of version 4."""
    AAAA = "AAAA"
    """Its addresses of version 6."""
    CNAME = "CNAME"
    """The name that it stands for."""
    MX = "MX"
    """Who takes its mail, each with its preference."""
    NS = "NS"
    """Who answers for it."""
    TXT = "TXT"
    """Its texts."""
    SRV = "SRV"
    """Where a service of it is: priority, weight, port and host."""


class DnsProbe(ProbeSpec):
    """A name has records, and no others than these where ``only`` says which."""

    unit: ClassVar[str] = MILLISECONDS
    kind: Literal["dns"]
    name: DnsName
    record: Record = Record.A
    only: tuple[str, ...] = Field(default=(), max_length=50)
    """Every answer has to be one of these, as `dig +short` would show it."""
    server: IPvAnyAddress | None = None
    """Whom to ask; None: whom this system asks."""
    port: int = Field(default=53, ge=1, le=65535)
    """Of ``server``."""
