"""A server shows a certificate that its users' programs take, for a while to come."""

from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import Field

from vigil.domain.probes.base import ProbeSpec
from vigil.domain.verbs.base import Absolute


class TlsVersion(StrEnum):
    """The oldest version that may be spoken; what is older than these is broken."""

    TLS_1_2 = "1.2"
    TLS_1_3 = "1.3"


class TlsProbe(ProbeSpec):
    """The chain leads to somebody who is trusted, and the certificate is good for this name."""

    unit: ClassVar[str] = "days"
    kind: Literal["tls"]
    host: str = Field(min_length=1, max_length=253)
    port: int = Field(default=443, ge=1, le=65535)
    name: str | None = Field(default=None, min_length=1, max_length=253)
    """Whom the certificate has to be for, where that is not ``host``."""
    authorities: Absolute | None = None
    """A file of certificates (PEM) to trust, instead of those that this system trusts."""
    days: float = Field(default=14.0, ge=0, le=3650)
    """So many days the certificate has to be good for, from now on."""
    version: TlsVersion = TlsVersion.TLS_1_2
