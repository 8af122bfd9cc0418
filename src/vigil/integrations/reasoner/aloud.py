"""What a model says while it writes, told in whole paragraphs, a second apart at least.

A paragraph is never cut: what is private, or stands for something private, is looked at whole or
not yet. What is left when its turn ends is told then; of a turn that fails, never.
"""

import asyncio
import math

from vigil.integrations.reasoner.model import Say

EVERY_S = 1.0
MOST_HELD = 16_384
"""Characters of paragraphs that wait; of longer ones the timeline would not keep more."""
_END = "\n\n"


class Aloud:
    """One conversation's words on their way to the timeline."""

    def __init__(self, tell: Say, *, every_s: float = EVERY_S) -> None:
        self._tell = tell
        self._every_s = every_s
        self._held = ""
        self._not_before = -math.inf

    async def say(self, piece: str) -> None:
        """Take a piece, cut anywhere; tell the paragraphs that are whole by now."""
        self._held = (self._held + piece)[:MOST_HELD]
        now = asyncio.get_running_loop().time()
        whole, _, begun = self._held.rpartition(_END)
        if now < self._not_before or not whole.strip():
            return
        self._held, self._not_before = begun, now + self._every_s
        await self._tell(whole.strip())

    async def finish(self, text: str) -> None:
        """Tell what is left, and what it said besides: its turn is over."""
        left, self._held = self._held.strip(), ""
        told = "\n".join(filter(None, (left, text)))
        if told:
            await self._tell(told)
