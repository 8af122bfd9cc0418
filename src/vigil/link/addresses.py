"""Where one connects to or listens, as people write it: HOST:PORT, or [IPV6]:PORT."""

import re
from typing import NamedTuple

from vigil.domain.raw_grant import host_and_port

_WRITTEN = re.compile(r"(?:\[([0-9a-fA-F:.]{2,45})\]|([A-Za-z0-9][A-Za-z0-9._-]{0,252})):(\d{1,5})")
_HIGHEST_PORT = 65_535
MOST = 16
"""Processes of one hub that a runner connects to."""


class Address(NamedTuple):
    """A host, by name or by number, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return host_and_port(self.host, self.port)


def addresses_in(text: str) -> tuple[Address, ...]:
    """The addresses of a list with commas; ``ValueError`` says how to write one."""
    written = [each.strip() for each in text.split(",") if each.strip()]
    if not 1 <= len(written) <= MOST:
        raise ValueError(f"write HOST:PORT, up to {MOST} of them with commas between")
    found = tuple(_address(each) for each in written)
    if len(set(found)) < len(found):
        # One process takes one connection of a runner, and refuses the other one for ever.
        raise ValueError("write each address once")
    return found


def _address(text: str) -> Address:
    found = _WRITTEN.fullmatch(text)
    if found is None or not 1 <= int(found[3]) <= _HIGHEST_PORT:
        raise ValueError("write HOST:PORT or [IPV6]:PORT, the port from 1 to 65535")
    return Address(found[1] or found[2], int(found[3]))
