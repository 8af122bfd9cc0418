"""Lines over one connection: bounded in length and in time, whole or not at all."""

import asyncio
import contextlib
import ssl

WRITE_S = 10.0
"""Who does not take a line for so long takes none any more."""
_CLOSE_S = 2.0


class Gone(Exception):
    """The connection is of no use any more; the text says why."""


class Lines:
    """One connection. Any number may send at once; one reads."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._one_at_a_time = asyncio.Lock()

    async def receive(self, within_s: float) -> bytes:
        """The next line, without waiting longer than this for its end.

        :raises Gone: nothing came in time, it was closed, or the line is too long.
        """
        try:
            async with asyncio.timeout(within_s):
                return await self._reader.readuntil(b"\n")
        except TimeoutError:
            raise Gone(f"nothing was heard for {within_s:g} s") from None
        except asyncio.IncompleteReadError:
            raise Gone("the other side has closed the connection") from None
        except asyncio.LimitOverrunError:
            raise Gone("a line was longer than any may be") from None
        except ssl.SSLError as refused:
            raise Gone(refusal(refused)) from None
        except OSError as lost:
            raise Gone(str(lost) or type(lost).__name__) from None

    async def send(self, line: str) -> None:
        """Send a line, whole.

        :raises Gone: it was not taken in time; nobody knows how much of it.
        """
        try:
            async with asyncio.timeout(WRITE_S), self._one_at_a_time:
                self._writer.write(line.encode() + b"\n")
                await self._writer.drain()
        except TimeoutError:
            raise Gone(f"nothing was taken for {WRITE_S:g} s") from None
        except OSError as lost:
            raise Gone(str(lost) or type(lost).__name__) from None

    async def close(self) -> None:
        """Let go of it, whatever state it is in."""
        self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await self._writer.wait_closed()
        self._writer.transport.abort()


def refusal(error: ssl.SSLError) -> str:
    """What a failed handshake means here, as far as one can tell."""
    told = (error.reason or str(error)).lower().replace("_", " ")
    if "certificate verify failed" in told:
        return "it showed another key than the one that is admitted"
    if "alert" in told:
        return f"it does not admit our key, or is no Vigil ({told})"
    return f"it does not speak TLS 1.3 as Vigil does ({told})"
