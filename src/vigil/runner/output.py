"""What a script prints: cleaned, passed on while it runs, and only its tail kept."""

import asyncio
import re
from collections import deque
from collections.abc import Callable

from vigil.runner.limits import Limits

OnLine = Callable[[str], None]
CHUNK = 65_536
# Escape sequences and control characters could repaint the terminal of whoever reads along; so
# could characters that turn the direction of writing.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")


def clean(line: str) -> str:
    """The line without escape sequences and control characters."""
    return _UNPRINTABLE.sub("", _ESCAPE.sub("", line))


class Tail:
    """The last lines of an output, bounded in lines and characters."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lines: deque[str] = deque(maxlen=limits.tail_lines)
        self._chars = 0
        self._dropped = 0

    def add(self, line: str) -> None:
        if len(self._lines) == self._lines.maxlen:
            self._drop()
        self._lines.append(line)
        self._chars += len(line) + 1
        while self._chars > self._limits.tail_chars and len(self._lines) > 1:
            self._drop()

    def _drop(self) -> None:
        self._chars -= len(self._lines.popleft()) + 1
        self._dropped += 1

    @property
    def text(self) -> str:
        head = [f"[{self._dropped} lines before these were left out]"] if self._dropped else []
        return "\n".join([*head, *self._lines])


async def pump(stream: asyncio.StreamReader, limits: Limits, on_line: OnLine) -> Tail:
    """Read to the end whatever comes, so that a full pipe never holds a script up."""
    tail = Tail(limits)
    streamed = 0
    rest = b""

    def give(raw: bytes) -> None:
        nonlocal streamed
        line = clean(raw[: limits.line_chars * 4].decode(errors="replace"))[: limits.line_chars]
        tail.add(line)
        streamed += 1
        if streamed <= limits.streamed_lines:
            on_line(line)
        elif streamed == limits.streamed_lines + 1:
            on_line("[more output follows; only its tail is kept]")

    while chunk := await stream.read(CHUNK):
        *lines, rest = (rest + chunk).split(b"\n")
        for raw in lines:
            give(raw)
        if len(rest) > limits.line_chars * 4:
            # The rest of an endless line adds nothing but memory.
            rest = rest[: limits.line_chars * 4]
    if rest:
        give(rest)
    return tail
