"""What an attached container prints, taken out of the engine's frames."""

import asyncio
import struct

_HEAD = struct.Struct(">BxxxI")
"""Stream and length of what follows, as the engine writes them before each piece."""
_SCRIPT, _FIRST = 1, 2
MAX_REPORT_BYTES = 4096


class Frames:
    """Standard output is the script's; standard error belongs to process 1, which reports there.

    Frames are read as somebody asks for output, so that a flood is held back and not kept.
    """

    def __init__(self, stream: asyncio.StreamReader) -> None:
        self._stream = stream
        self._left = 0
        """Bytes of the frame under way that were not read yet."""
        self.report = bytearray()
        """What process 1 has said, when everything was read."""

    async def read(self, most: int) -> bytes:
        """The next piece of the script's output, of at most so many bytes; empty at its end."""
        while True:
            while self._left == 0:
                if not await self._next_frame():
                    return b""
            piece = await self._stream.read(min(most, self._left))
            if not piece:  # the engine died in the middle of a frame
                return b""
            self._left -= len(piece)
            if self._kind == _SCRIPT:
                return piece
            if self._kind == _FIRST and len(self.report) + len(piece) <= MAX_REPORT_BYTES:
                self.report += piece

    async def _next_frame(self) -> bool:
        try:
            head = await self._stream.readexactly(_HEAD.size)
        except (asyncio.IncompleteReadError, OSError):
            return False
        self._kind, self._left = _HEAD.unpack(head)
        return True
