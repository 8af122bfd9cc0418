"""Raw grants: a host and a port, and perhaps a credential, for a script of free form.

What such a script does behind the one connection nobody can say beforehand, so a plan that names a
raw grant is asked about, whatever else holds.
"""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from vigil.domain.identity import content_digest
from vigil.domain.private import KINDS
from vigil.domain.redacted import Kind
from vigil.domain.value import Value
from vigil.domain.verbs.base import Absolute
from vigil.domain.verbs.places import server

RAW = "raw"
"""How what is done under such a grant is called where others have a verb."""
CONNECT = "connect"
"""How one connection is called on the timeline."""

Address = IPv4Address | IPv6Address
_LABELS = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z][a-z0-9_-]{0,62}")


def literal(host: str) -> Address | None:
    """The address that is written here; None where it is a name."""
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


def host_and_port(host: str, port: int) -> str:
    """Both in one word, as people and tools write it: HOST:PORT, or [IPV6]:PORT."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _host(text: str) -> str:
    """One spelling for each host."""
    address = literal(text)
    if address is not None:
        return str(address)
    name = text.rstrip(".").lower()
    # The last label begins with a letter: some resolvers read 0x7f.1 and 2130706433 as addresses.
    if _LABELS.fullmatch(name) is None:
        raise PydanticCustomError("host", "not a host's name, nor an address written in full")
    return name


def _spelled(text: str) -> str:
    address = literal(text)
    if address is None:
        raise PydanticCustomError("address", "not an address written in full")
    return str(address)


def _of_a_person(kind: Kind) -> Kind:
    if kind not in KINDS:
        known = ", ".join(sorted(KINDS))
        raise PydanticCustomError("private", f"not what a script may be given; known: {known}")
    return kind


Host = Annotated[str, StringConstraints(min_length=1, max_length=253), AfterValidator(_host)]
Spelled = Annotated[str, StringConstraints(max_length=64), AfterValidator(_spelled)]
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$")]


class RawGrant(Value):
    """One host and port that a script of free form may talk to while its plan is under way.

    The credential is read by the runner, from a file or a variable of its own, when a run begins,
    and is a file of the sandbox as long as that run lasts. Where it is kept is all that this says.
    """

    host: Host
    port: int = Field(ge=1, le=65_535)
    addresses: tuple[Spelled, ...] = Field(default=(), max_length=8)
    """Where the host is, so that nobody is asked for its address. An address that only this
    network knows is admitted here, or as ``host``, and nowhere else."""
    credential_file: Absolute | None = None
    credential_env: Variable | None = None
    private: tuple[Annotated[Kind, AfterValidator(_of_a_person)], ...] = ()
    """The kinds of private values of its incident that a script may be given: it says a token, and
    finds what that stands for in a file."""
    most_per_hour: int | None = Field(default=None, ge=1, le=1000)
    """How many connections may begin under it within an hour, whoever asks."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.credential_file is not None and self.credential_env is not None:
            raise PydanticCustomError(
                "two_places", "a credential is in credential_file or in credential_env, not in both"
            )
        return self

    @property
    def has_credential(self) -> bool:
        return self.credential_file is not None or self.credential_env is not None

    @property
    def at(self) -> str:
        """Host and port, as a script has to name them."""
        return host_and_port(self.host, self.port)

    @property
    def known(self) -> tuple[str, ...]:
        """The addresses that the owner has written down; empty where a name has to be resolved."""
        written = literal(self.host)
        return self.addresses or ((str(written),) if written is not None else ())

    @property
    def target(self) -> str:
        """What it leads to, under one name whichever service grants it; see ``BaseGrant``."""
        return f"server:{content_digest([server(self.host, self.port)])}"


def resource_of(name: str) -> str:
    """What a script touches that holds the raw grant of this name."""
    return f"{RAW}:{name}"


def is_public(address: Address) -> bool:
    """Whether anybody may be sent there because a name says so.

    Not to this machine, not to its network, not to where clouds keep their metadata, in whatever
    dress the address comes.
    """
    # What is reserved holds every form of IPv6 in which an IPv4 address is written, but for two.
    odd = address.is_multicast or address.is_reserved or address.is_unspecified
    if isinstance(address, IPv6Address):
        odd = odd or address.is_site_local or (address.sixtofour or address.teredo) is not None
    return address.is_global and not odd
