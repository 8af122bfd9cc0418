"""What a proxy is asked for, and what it answers: as much of HTTP as CONNECT needs."""

import asyncio
import re
from contextlib import suppress
from typing import NamedTuple

from vigil.domain.raw_grant import host_and_port, literal
from vigil.runner.verbs.base import Refusal

MAX_HEAD_BYTES = 4096
HEAD_S = 5.0
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
_REQUEST = re.compile(
    rb"CONNECT (?P<host>[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):(?P<port>[1-9][0-9]{0,4})"
    rb" HTTP/1\.[01]\r\n(?s:.*)"
)


class Stream(NamedTuple):
    """Both ways of a connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class Place(NamedTuple):
    """Where a script wants to go, spelled as grants are."""

    host: str
    port: int

    def __str__(self) -> str:
        return host_and_port(self.host, self.port)


async def asked_for(stream: Stream) -> Place:
    """The place of a CONNECT request.

    :raises Refusal: it is something else, too long, or too slow in coming.
    """
    try:
        head = await asyncio.wait_for(stream.reader.readuntil(b"\r\n\r\n"), HEAD_S)
    except asyncio.LimitOverrunError:
        raise Refusal(f"a request of more than {MAX_HEAD_BYTES} bytes") from None
    except (TimeoutError, asyncio.IncompleteReadError):
        raise Refusal(f"no whole request within {HEAD_S:g} s") from None
    request = _REQUEST.fullmatch(head)
    if request is None:
        raise Refusal("only CONNECT HOST:PORT is done here; for plain HTTP: curl --proxytunnel")
    host = request["host"].decode("ascii").lower()
    address = literal(host)
    plain = host.rstrip(".") if address is None else str(address)
    return Place(plain, int(request["port"]))


async def refuse(stream: Stream, status: str, text: str) -> None:
    """Say no, in words that ``curl -v`` shows."""
    body = f"{text}\n".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    with suppress(OSError, TimeoutError):
        stream.writer.write(head.encode() + body)
        await asyncio.wait_for(stream.writer.drain(), HEAD_S)
