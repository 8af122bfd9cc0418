"""Serving: one listening socket, bounded in everything, until told to stop."""

import asyncio
import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from vigil.domain.errors import SettingsError

BACKLOG = 128
MOST_CONNECTIONS = 200
"""Open at once, idle ones included; beyond it the answer is 503. Each may hold 1 MiB of body."""
MOST_HEAD_BYTES = 16 * 1024
"""Request line and headers together."""
IDLE_S = 5
"""How long an idle connection is kept."""
GRACE_S = 5
"""How long requests under way may take to end once Vigil is told to stop."""
REASONS = {
    errno.EADDRINUSE: "another program listens there already; end it, or set VIGIL_PORT",
    errno.EACCES: "this user may not use that port; take one above 1023 with VIGIL_PORT",
    errno.EADDRNOTAVAIL: "this machine has no such address; correct VIGIL_HOST",
}


async def serve(app: FastAPI, host: str, port: int, stopping: asyncio.Event) -> None:
    """Serve until ``stopping`` is set; ``SettingsError`` when it cannot listen there."""
    with listen(host, port) as listener:
        await serve_on(app, listener, stopping)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _cannot_listen(host, port, error) from error
    try:
        # A port whose former owner has just ended is free; one that is listened on is not.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
        listener.setblocking(False)  # noqa: FBT003 - the socket's own signature
    except OSError as error:
        listener.close()
        raise _cannot_listen(host, port, error) from error
    return listener


async def serve_on(app: FastAPI, listener: socket.socket, stopping: asyncio.Event) -> None:
    """Serve on a socket that is listening; the caller sees to signals and to the engine."""
    server = _Server(
        uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            # Nobody in front is trusted to say who is asking, or under which scheme.
            proxy_headers=False,
            server_header=False,
            backlog=BACKLOG,
            limit_concurrency=MOST_CONNECTIONS,
            h11_max_incomplete_event_size=MOST_HEAD_BYTES,
            timeout_keep_alive=IDLE_S,
            timeout_graceful_shutdown=GRACE_S,
        )
    )

    async def stop() -> None:
        await stopping.wait()
        server.should_exit = True

    waiting = asyncio.create_task(stop())
    try:
        await server.serve(sockets=[listener])
    finally:
        waiting.cancel()


class _Server(uvicorn.Server):
    """Signals belong to whoever started the engine, which is to end after the server."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _cannot_listen(host: str, port: int, error: OSError) -> SettingsError:
    known = REASONS.get(error.errno or 0)
    reason = known or f"{error.strerror}; correct VIGIL_HOST"
    return SettingsError([f"Vigil cannot listen on {host} port {port}: {reason}"])
