"""Grants: the named, scoped access that a service's owner offers to remediation."""

from collections.abc import Sequence
from posixpath import normpath
from typing import Annotated, Literal

from pydantic import Field

from vigil.domain.identity import content_digest
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


class SessionTerminateGrant(Value):
    """``session.terminate``: end one database session that holds up others and does nothing.

    What may be ended is fixed here and in the broker, never in a call: only sessions of ``role`` in
    the database of ``dsn``, idle in a transaction for ``idle_s`` seconds at least, for which others
    wait at that very moment. A call names one session and so can only choose among these.
    """

    verb: Literal["session.terminate"]
    dsn: str
    role: str = Field(min_length=1, max_length=63)
    idle_s: float = Field(default=5.0, ge=1.0, le=3600.0)


Grant = Annotated[
    ReleaseSwitchGrant | ProcessRestartGrant | SessionTerminateGrant, Field(discriminator="verb")
]


def target_of(grant: Grant, arguments: Sequence[str]) -> str:
    """What a call under a grant does something to, under one name whichever service grants it.

    A digest, as an address may be long, and nobody but its owner need read it.
    """
    match grant:
        case ReleaseSwitchGrant():
            return _name(grant, normpath(grant.link))
        case ProcessRestartGrant():
            return _name(grant, normpath(grant.supervisor), *arguments)
        case SessionTerminateGrant():
            return _name(grant, grant.dsn, *arguments)


def _name(grant: Grant, *what: str) -> str:
    return f"{grant.verb}:{content_digest(what)}"
