"""Something accepts connections, and keeps them (below 1 s)."""

import asyncio
import socket
import struct

from tests.support.probing import look

NOW = struct.pack("ii", 1, 0)
"""Closing sends a reset at once, as a proxy does that has nobody behind it."""


async def test_2_who_accepts_and_hangs_up_at_once_is_failing() -> None:
    """As a proxy whose service is gone."""

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NOW)
        writer.transport.abort()

    for leave in (hang_up, reset):
        async with await asyncio.start_server(leave, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            result = await look(kind="tcp", host="127.0.0.1", port=port)
        assert result.outcome == "failing", result.text
        assert "hangs up at once" in result.text


async def test_2_who_greets_is_passing() -> None:
    """And may hang up afterwards: it has said something."""

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.org\r\n")
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        result = await look(kind="tcp", host="127.0.0.1", port=port)
    assert result.outcome == "passing", result.text
