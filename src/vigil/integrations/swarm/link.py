"""One connection to a browser that speaks CDP: commands, their answers, and what it tells."""

import asyncio
import itertools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from vigil.integrations.swarm.frames import Broken, Frames, framed

CONNECT_S = 10.0
ANSWER_S = 15.0
"""Longer than the browser lets a script run."""

GONE = "Link.gone"
"""What is told last, by nobody."""
Told = Callable[[str, Mapping[str, Any]], None]


class Gone(Exception):
    """The browser, or the connection to it, has ended; says why as far as that is known."""


class Refused(Exception):
    """The browser would not do it; in its words, which may quote the page."""


class Link(asyncio.Protocol):
    """Speaks to one browser. Whatever it tells without being asked goes to ``told``."""

    def __init__(self, path: str = "/") -> None:
        self.told: Told = _ignored
        self._frames = Frames(path)
        self._transport: asyncio.Transport | None = None
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Mapping[str, Any]]] = {}
        self._ready = asyncio.get_running_loop().create_future()
        self._why = "the browser ended"

    @classmethod
    async def to_socket(cls, place: Path) -> Self:
        """To a browser that listens at a unix socket; ``Gone``."""
        loop = asyncio.get_running_loop()
        return await cls._opened(
            lambda made: loop.create_unix_connection(lambda: made, str(place)), "/"
        )

    @classmethod
    async def to_port(cls, host: str, port: int, path: str) -> Self:
        """To a browser that listens at a port; ``Gone``."""
        loop = asyncio.get_running_loop()
        return await cls._opened(
            lambda made: loop.create_connection(lambda: made, host, port), path
        )

    @classmethod
    async def _opened(cls, connect: Callable[[Self], Any], path: str) -> Self:
        link = cls(path)
        try:
            async with asyncio.timeout(CONNECT_S):
                await connect(link)
                await link._ready
        except (OSError, TimeoutError) as error:
            link.close()
            raise Gone(f"no connection to the browser ({type(error).__name__})") from None
        return link

    async def ask(
        self,
        method: str,
        session: str | None = None,
        /,
        within_s: float = ANSWER_S,
        **given: Any,  # noqa: ANN401 - JSON
    ) -> Mapping[str, Any]:
        """What the browser answers; ``Gone``, ``Refused``, ``TimeoutError``."""
        number = self.post(method, session, **given)
        answered = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(within_s):
                answer = await answered
        finally:
            self._waiting.pop(number, None)
        if "error" in answer:
            raise Refused(str(answer["error"].get("message", ""))[:500])
        result: Mapping[str, Any] = answer.get("result", {})
        return result

    def post(
        self,
        method: str,
        session: str | None = None,
        /,
        **given: Any,  # noqa: ANN401 - JSON
    ) -> int:
        """Say it and wait for no answer; its number. ``Gone``."""
        if self._transport is None or self._transport.is_closing():
            raise Gone(self._why)
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": given}
        if session is not None:
            message["sessionId"] = session
        self._transport.write(framed(json.dumps(message).encode()))
        return number

    def close(self) -> None:
        """Hang up, without a word: what was open there ends with it."""
        if self._transport is not None:
            self._transport.abort()

    # --- what asyncio calls ---------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the conversation."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
            transport.write(self._frames.hello())

    def data_received(self, data: bytes) -> None:
        """Sort what came into answers and news."""
        try:
            messages = self._frames.feed(data)
            for message in messages:
                self._hear(json.loads(message))
        except (Broken, ValueError) as error:
            self._why = f"the browser was given up: {error}"
            self.close()
            return
        if self._frames.opened and not self._ready.done():
            self._ready.set_result(None)
        if (answers := self._frames.answers()) and self._transport is not None:
            self._transport.write(answers)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody waits any longer."""
        del exc  # what ended it is the browser's affair
        for waiting in (self._ready, *self._waiting.values()):
            if not waiting.done():
                waiting.set_exception(Gone(self._why))
        if self._ready.done() and not self._ready.cancelled():
            self._ready.exception()  # seen: nobody has to have asked
        self.told(GONE, {})

    def _hear(self, message: Mapping[str, Any]) -> None:
        if "id" not in message:
            self.told(str(message.get("method")), message.get("params", {}))
            return
        waiting = self._waiting.get(message["id"])
        if waiting is not None and not waiting.done():
            waiting.set_result(message)


def _ignored(_method: str, _parameters: Mapping[str, Any]) -> None:
    """Nobody listens yet."""
