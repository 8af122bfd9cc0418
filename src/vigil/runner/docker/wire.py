"""HTTP over the engine's unix socket: a deadline on every call, bounded answers, clear errors."""

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, TypedDict, Unpack

import httpx2

from vigil.domain.errors import SandboxUnavailable

CALL_S = 15.0
"""Deadline of a call: making a container takes half a second, on a crowded machine a few."""
MAX_WORDS = 300
_MAX_ANSWER_BYTES = 1024 * 1024
_NOT_THERE = 404
_GOOD = range(200, 300)
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Never used on a unix socket; without it httpx2 reads all authorities of the system."""


class EngineGone(SandboxUnavailable):
    """The engine did not answer, so whether it did what it was asked for is not known."""


class Request(TypedDict, total=False):
    """What a call sends besides its path."""

    params: Mapping[str, str]
    json: Mapping[str, Any]
    content: bytes


class Wire:
    """The connection to one engine.

    Whatever is asked raises ``SandboxUnavailable`` when the engine refuses, and ``EngineGone``
    when it is not there or too slow.
    """

    def __init__(self, socket: Path, client: httpx2.AsyncClient, call_s: float) -> None:
        self._socket = socket
        self._client = client
        self._call_s = call_s

    async def call(self, method: str, path: str, **request: Unpack[Request]) -> bytes:
        """The body of a good answer."""
        body = await self.look(method, path, **request)
        if body is None:
            raise SandboxUnavailable(f"the Docker engine does not know {method} {path}")
        return body

    async def look(self, method: str, path: str, **request: Unpack[Request]) -> bytes | None:
        """As ``call``; None when there is no such thing."""
        async with self._deadline(f"{method} {path}"):
            sent = self._client.build_request(method, path, **request)
            response = await self._client.send(sent, stream=True)
            try:
                body = await _body(response)
            finally:
                await response.aclose()
        if response.status_code == _NOT_THERE:
            return None
        if response.status_code not in _GOOD:
            words = f"{method} {path} ({response.status_code}): {told(body)}"
            raise SandboxUnavailable(f"the Docker engine refused {words}")
        return body

    @contextlib.asynccontextmanager
    async def taken(
        self, path: str
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A connection that the engine takes from HTTP, to talk both ways; closed afterwards.

        Made by hand, as HTTP's client has no word for it.
        """
        async with self._deadline(path):
            reader, writer = await asyncio.open_unix_connection(str(self._socket))
        try:
            async with self._deadline(path):
                writer.write(
                    f"POST {path} HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\n"
                    "Upgrade: tcp\r\nContent-Length: 0\r\n\r\n".encode()
                )
                head = await reader.readuntil(b"\r\n\r\n")
            if head.split(b" ", 2)[1:2] not in ([b"101"], [b"200"]):
                raise SandboxUnavailable(f"the Docker engine refused {path}: {told(head)}")
            yield reader, writer
        finally:
            writer.close()

    @contextlib.asynccontextmanager
    async def _deadline(self, call: str) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._call_s):
                yield
        except TimeoutError as late:
            raise EngineGone(
                f"the Docker engine at {self._socket} did not answer {call} within "
                f"{self._call_s:g} s: restart it, or choose VIGIL_SANDBOX=bubblewrap"
            ) from late
        except (httpx2.HTTPError, OSError, EOFError, asyncio.LimitOverrunError) as gone:
            raise EngineGone(_not_reached(self._socket, gone)) from gone


@contextlib.asynccontextmanager
async def wired(socket: Path, call_s: float = CALL_S) -> AsyncIterator[Wire]:
    """A wire to whatever listens at ``socket``; nothing is asked yet."""
    transport = httpx2.AsyncHTTPTransport(uds=str(socket), verify=_NO_TLS, trust_env=False)
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://docker", trust_env=False, timeout=None
    ) as client:
        yield Wire(socket, client, call_s)


def told(body: bytes) -> str:
    """The engine's own words, bounded."""
    text = body.decode(errors="replace")
    with contextlib.suppress(ValueError):
        answer = json.loads(text)
        text = str(answer.get("message", text)) if isinstance(answer, dict) else text
    return " ".join(text.split())[:MAX_WORDS]


async def _body(response: httpx2.Response) -> bytes:
    body = bytearray()
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > _MAX_ANSWER_BYTES:
            raise SandboxUnavailable("the Docker engine answers without end: restart it")
    return bytes(body)


def _not_reached(socket: Path, gone: Exception) -> str:
    if "Errno 13" in str(gone) or "Permission" in str(gone):
        remedy = (
            "this user may not open it (whoever may is root on this machine): put the runner's "
            "user into the group that owns the socket, or choose VIGIL_SANDBOX=bubblewrap"
        )
    else:
        remedy = (
            "start the engine (apt-get install docker.io), name its socket in DOCKER_HOST, or "
            "choose VIGIL_SANDBOX=bubblewrap"
        )
    return f"no Docker engine answers at {socket} ({str(gone) or type(gone).__name__}): {remedy}"
