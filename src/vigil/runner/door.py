"""The unix socket at which a broker listens while its run lasts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from vigil.runner.broker import Broker, Reply, Status
from vigil.runner.limits import MAX_CALL_BYTES
from vigil.runner.sockets import listening, peer_uid

_READ_S = 10.0
_MAX_CONNECTIONS = 8
_EFFECT_ENDS_S = 40.0
"""Longer than any effect's own deadline: one that is under way is never left behind."""


class Door:
    """Serves one broker; a question at a time, each on a connection of its own."""

    def __init__(self, broker: Broker, uid: int) -> None:
        self._broker = broker
        self._uid = uid
        self._one_at_a_time = asyncio.Lock()
        self._connections = 0
        self._shut = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        try:
            asks = peer_uid(writer.get_extra_info("socket"))
            if asks == self._uid and self._connections <= _MAX_CONNECTIONS:
                reply = await self._reply(reader)
                writer.write(reply.model_dump_json().encode() + b"\n")
                await asyncio.wait_for(writer.drain(), _READ_S)
        except (OSError, TimeoutError):
            pass  # the script went away; what it asked for is in the ledger
        finally:
            self._connections -= 1
            writer.close()

    async def _reply(self, reader: asyncio.StreamReader) -> Reply:
        try:
            line = await asyncio.wait_for(reader.readuntil(b"\n"), _READ_S)
        except (asyncio.LimitOverrunError, asyncio.IncompleteReadError):
            # What follows is not read, so a long line costs no memory.
            line = b""
        async with self._one_at_a_time:
            if self._shut:
                return Reply(status=Status.REFUSED, text="refused: the run is over")
            # In a thread: a restart takes seconds, and output has to flow meanwhile.
            return await asyncio.to_thread(self._broker.answer, line)

    def close(self) -> None:
        """Take no more calls, nor those that wait; nothing more is begun for one under way."""
        self._shut = True
        self._broker.close()

    async def shut(self) -> bool:
        """``close``; False when a call that was under way has not ended in time."""
        self.close()
        try:
            async with asyncio.timeout(_EFFECT_ENDS_S), self._one_at_a_time:
                return True
        except TimeoutError:
            return False


@asynccontextmanager
async def opened(broker: Broker, path: Path, uid: int) -> AsyncIterator[Door]:
    """Let calls of the sandbox's user in at ``path`` while the block runs."""
    door = Door(broker, uid)
    server = await asyncio.start_unix_server(
        door.serve, sock=listening(path, uid), limit=MAX_CALL_BYTES
    )
    try:
        yield door
    finally:
        server.close()
        # Also where the run was cut off, and nobody waits for what is under way.
        door.close()
