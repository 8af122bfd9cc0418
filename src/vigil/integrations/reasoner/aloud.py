"""What a model says while it writes, told in whole paragraphs, a second apart at least.

A paragraph is never cut: what is private, or stands for something private, is looked at whole or
not at all. One that is too long to be held, or that comes while too many wait, is left out, and
that is said. What is left when its turn ends is told then; of a turn that fails, never.
"""

import asyncio
import math

from vigil.integrations.reasoner.model import Say

EVERY_S = 1.0
MOST_HELD = 16_384
"""Characters of paragraphs that wait, and of one that is not whole yet: ten times what the timeline
shows of them."""
LEFT_OUT = "[left out]"
_END = "\n\n"


class Aloud:
    """One conversation's words on their way to the timeline."""

    def __init__(self, tell: Say, *, every_s: float = EVERY_S) -> None:
        self._tell = tell
        self._every_s = every_s
        self._waiting: list[str] = []
        self._begun = ""
        self._is_too_long = False
        """The one that is begun: of it no more is held than its end could be told by."""
        self._not_before = -math.inf

    async def say(self, piece: str) -> None:
        """Take a piece, cut anywhere; tell the paragraphs that are whole by now."""
        *whole, begun = (self._begun + piece).split(_END)
        for paragraph in whole:
            self._wait(paragraph)
        self._begun = begun
        if len(begun) > MOST_HELD:
            self._begun, self._is_too_long = begun[-1:], True
        now = asyncio.get_running_loop().time()
        if now >= self._not_before and self._waiting:
            self._not_before = now + self._every_s
            await self._tell(self._taken())

    async def finish(self, text: str) -> None:
        """Tell what is left, and what it said besides: its turn is over."""
        for paragraph in (self._begun, *text.split(_END)):
            self._wait(paragraph)
        self._begun = ""
        if self._waiting:
            await self._tell(self._taken())

    def _wait(self, paragraph: str) -> None:
        held = sum(map(len, self._waiting))
        if self._is_too_long or held + len(paragraph) > MOST_HELD:
            self._is_too_long = False
            if self._waiting[-1:] != [LEFT_OUT]:
                self._waiting.append(LEFT_OUT)
        elif paragraph.strip():
            self._waiting.append(paragraph.strip())

    def _taken(self) -> str:
        taken, self._waiting = _END.join(self._waiting), []
        return taken
