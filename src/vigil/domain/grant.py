"""Grants: the named, scoped access that a service's owner offers to remediation."""

from typing import Annotated, Literal

from pydantic import Field

from vigil.domain.value import Name, Value


class ReleaseSwitchGrant(Value):
    """``release.switch``: point the ``link`` at another directory of ``releases``.

    Only a release whose content has the digest that the call names can be switched to.
    """

    verb: Literal["release.switch"]
    link: str
    releases: str


class ProcessRestartGrant(Value):
    """``process.restart``: restart one of the named processes through supervisor."""

    verb: Literal["process.restart"]
    supervisor: str
    processes: tuple[Name, ...] = Field(min_length=1)


Grant = Annotated[ReleaseSwitchGrant | ProcessRestartGrant, Field(discriminator="verb")]
