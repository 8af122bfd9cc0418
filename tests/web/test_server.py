"""Serving: a taken port is said clearly, the end comes when told, and signals are left alone."""

import asyncio
import contextlib
import signal

import pytest
from fastapi import FastAPI
from tests.web.house import House

from vigil.domain.errors import SettingsError
from vigil.web.server import MOST_HEAD_BYTES, listen, serve


def test_a_taken_port_is_refused_with_a_remedy() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"127\.0\.0\.1 port {port}.*VIGIL_PORT"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["192.0.2.1", "no such name"])
def test_an_address_that_is_not_ours_is_refused_with_a_remedy(host: str) -> None:
    with pytest.raises(SettingsError, match="VIGIL_HOST"):
        listen(host, 0)


async def connected(port: int) -> asyncio.StreamWriter:
    """A connection, as soon as somebody listens."""
    async with asyncio.timeout(10):
        while True:
            with contextlib.suppress(ConnectionRefusedError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                return writer
            await asyncio.sleep(0.01)


async def test_it_ends_when_told_and_frees_the_port() -> None:
    with listen("127.0.0.1", 0) as probe:
        port = probe.getsockname()[1]
    stopping = asyncio.Event()
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    serving = asyncio.create_task(serve(FastAPI(), "127.0.0.1", port, stopping))
    writer = await connected(port)
    after = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    assert before == after
    writer.close()
    stopping.set()
    async with asyncio.timeout(10):
        await serving
    listen("127.0.0.1", port).close()


async def test_a_head_without_end_is_refused(house: House) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(b"GET /health HTTP/1.1\r\nx: " + b"x" * (MOST_HEAD_BYTES + 1))
    async with asyncio.timeout(10):
        assert (await reader.readline()).split()[1] in {b"400", b"431"}
    writer.close()


async def test_two_host_headers_are_refused(house: House) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    host = f"host: 127.0.0.1:{house.port}\r\n"
    writer.write(f"GET /health HTTP/1.1\r\n{host}host: rebound.example\r\n\r\n".encode())
    assert (await reader.readline()).split()[1] in {b"400", b"421"}
    writer.close()


async def test_no_host_header_is_refused(house: House) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(b"GET /health HTTP/1.0\r\n\r\n")
    assert (await reader.readline()).split()[1] in {b"400", b"421"}
    writer.close()
