"""What a script prints: without credentials, cleaned, passed on, and only its tail kept."""

from collections import deque
from collections.abc import Callable
from typing import Protocol

from vigil.domain.scrub import clean
from vigil.runner.limits import Limits

OnLine = Callable[[str], None]
Hide = Callable[[str], str]
"""Takes what no log may have out of a text."""
CHUNK = 65_536


class Tail:
    """The last lines of an output, bounded in lines and characters."""

    def __init__(self, limits: Limits, hide: Hide = str) -> None:
        self._limits = limits
        self._hide = hide
        self._last: deque[bytes] = deque(maxlen=limits.tail_lines)
        self._lines = 0

    def add(self, raw: bytes) -> None:
        """A line as it was printed: what nobody will read is not worth the time to clean it."""
        self._last.append(raw)
        self._lines += 1

    @property
    def text(self) -> str:
        kept: deque[str] = deque()
        chars = 0
        for raw in reversed(self._last):
            line = _cleaned(raw, self._limits, self._hide)
            chars += len(line) + 1
            if kept and chars > self._limits.tail_chars:
                break
            kept.appendleft(line)
        dropped = self._lines - len(kept)
        head = [f"[{dropped} lines before these were left out]"] if dropped else []
        return "\n".join([*head, *kept])


class Readable(Protocol):
    """What is printed, in pieces."""

    async def read(self, most: int, /) -> bytes:
        """The next piece, of at most so many bytes; empty at the end."""
        ...


async def pump(stream: Readable, limits: Limits, on_line: OnLine, hide: Hide = str) -> Tail:
    """Read to the end whatever comes, so that a full pipe never holds a script up."""
    tail = Tail(limits, hide)
    streamed = 0
    rest = b""

    def give(raw: bytes) -> None:
        nonlocal streamed
        tail.add(raw[: _most_bytes(limits)])
        streamed += 1
        if streamed <= limits.streamed_lines:
            on_line(_cleaned(raw, limits, hide))
        elif streamed == limits.streamed_lines + 1:
            on_line("[more output follows; only its tail is kept]")

    while chunk := await stream.read(CHUNK):
        *lines, rest = (rest + chunk).split(b"\n")
        for raw in lines:
            give(raw)
        # The rest of an endless line adds nothing but memory.
        rest = rest[: _most_bytes(limits)]
    if rest:
        give(rest)
    return tail


def _most_bytes(limits: Limits) -> int:
    return limits.line_chars * 4


def _cleaned(raw: bytes, limits: Limits, hide: Hide) -> str:
    text = hide(raw[: _most_bytes(limits)].decode(errors="replace"))
    # Cleaning masks parts of what would be known as a whole, and makes whole what control
    # characters had taken apart: hence both before and after it.
    return hide(clean(text, limits.line_chars))
