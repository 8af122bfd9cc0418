"""A real HTTP/1.1 server on a free loopback port whose answers a test writes as a function."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple


class Request(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Answer(NamedTuple):
    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    delay_s: float = 0.0
    repeat: int = 1
    """How often the body is sent, with a length that is left open when it is more than once."""
    pause_s: float = 0.0
    """After each time."""


class Server(NamedTuple):
    port: int
    requests: list[Request]

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@asynccontextmanager
async def serving(answer: Callable[[Request], Answer]) -> AsyncIterator[Server]:
    requests: list[Request] = []
    open_ones: set[asyncio.StreamWriter] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ones.add(writer)
        try:
            while (request := await read_request(reader)) is not None:
                requests.append(request)
                await _write(writer, request, answer(request))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client hung up, or the test is over
        finally:
            open_ones.discard(writer)
            writer.transport.abort()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    try:
        yield Server(server.sockets[0].getsockname()[1], requests)
    finally:
        server.close()
        for writer in tuple(open_ones):
            writer.transport.abort()
        await asyncio.sleep(0)


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    line = (await reader.readline()).decode()
    if not line:
        return None
    method, path, _ = line.split(" ", 2)
    headers: dict[str, str] = {}
    while (line := (await reader.readline()).decode().strip()) != "":
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, path, headers, body)


async def _write(writer: asyncio.StreamWriter, request: Request, answer: Answer) -> None:
    if answer.delay_s:
        await asyncio.sleep(answer.delay_s)
    lines = [f"HTTP/1.1 {answer.status} Whatever", *(f"{k}: {v}" for k, v in answer.headers)]
    if answer.repeat == 1:
        lines.append(f"content-length: {len(answer.body)}")
    else:
        lines.append("connection: close")
    writer.write("\r\n".join([*lines, "", ""]).encode())
    if request.method != "HEAD":
        for _ in range(answer.repeat):
            writer.write(answer.body)
            await writer.drain()
            if answer.pause_s:
                await asyncio.sleep(answer.pause_s)
    await writer.drain()
    if answer.repeat != 1:
        writer.close()
