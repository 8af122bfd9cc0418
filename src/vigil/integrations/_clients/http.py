"""Ask servers that are not trusted to be short."""

import ssl
from functools import cache
from typing import NamedTuple

import httpx2

IDENTITY = {"accept-encoding": "identity", "user-agent": "vigil"}
"""No compression, so that a small answer cannot unfold into a huge one."""


class Body(NamedTuple):
    """What was read of an answer, and whether there was more."""

    content: bytes
    complete: bool


@cache
def tls_context() -> ssl.SSLContext:
    """How servers are recognised. Reading the authorities takes tens of milliseconds: once."""
    return httpx2.create_ssl_context(trust_env=False)


async def read_body(response: httpx2.Response, most_bytes: int) -> Body:
    """At most so many bytes of a streamed answer, as they came off the wire."""
    pieces: list[bytes] = []
    room = most_bytes
    async for piece in response.aiter_raw():
        pieces.append(piece[:room])
        room -= len(piece)
        if room < 0:
            return Body(b"".join(pieces), complete=False)
    return Body(b"".join(pieces), complete=True)


def shown(url: str) -> str:
    """The address without user, password, query and fragment, where credentials hide."""
    scheme, separator, rest = url.split("?", 1)[0].split("#", 1)[0].partition("://")
    authority, slash, path = rest.partition("/")
    return scheme + separator + authority.rpartition("@")[2] + slash + path
