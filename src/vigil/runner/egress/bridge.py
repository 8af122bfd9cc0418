"""From a port inside a sandbox to the proxy's socket, for tools that know no unix socket.

This file is put into a sandbox with raw grants as it stands and runs there with a bare interpreter,
so it imports the standard library only. It leaves the bridge behind and becomes what it is told to
run, so that the script's process and its end are the script's own.
"""

import asyncio
import os
import socket
import sys
from contextlib import suppress

PROXY = "/vigil/proxy.sock"
PORT = 3128
_BACKLOG = 16
_CHUNK = 65_536


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await source.read(_CHUNK):
            target.write(chunk)
            await target.drain()
    with suppress(OSError):
        target.write_eof()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        out_reader, out_writer = await asyncio.open_unix_connection(PROXY)
        await asyncio.gather(_pump(reader, out_writer), _pump(out_reader, writer))
        out_writer.close()
    writer.close()


async def _serve(listening: socket.socket) -> None:
    server = await asyncio.start_server(_carry, sock=listening)
    await server.serve_forever()


def main() -> None:
    """Leave the bridge behind; be the command."""
    listening = socket.create_server(("127.0.0.1", PORT), backlog=_BACKLOG)
    if os.fork() == 0:
        # A child of nobody: the script's own waiting does not wait for it, nor its output.
        if os.fork() == 0:
            nothing = os.open(os.devnull, os.O_RDWR)
            for descriptor in range(3):
                os.dup2(nothing, descriptor)
            asyncio.run(_serve(listening))
        os._exit(0)
    os.wait()
    listening.close()
    # Only for TLS: of plain HTTP, tools send whole requests to a proxy and do not ask for a tunnel.
    os.environ["HTTPS_PROXY"] = os.environ["https_proxy"] = f"http://127.0.0.1:{PORT}"
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - the very command that the runner wrote


if __name__ == "__main__":
    main()
