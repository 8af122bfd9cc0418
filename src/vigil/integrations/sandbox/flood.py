"""What a runner may say costs the hub little, however much and whatever it is.

To name every mistake of a line takes much longer than to see that there are far too many words in
it, and while that lasts nobody else is served.
"""

import asyncio
import re
import time
from collections.abc import Container

from pydantic_core import from_json

from vigil.domain.switch import MAX_RECORD_BYTES
from vigil.link.lines import Gone

UNITS_PER_S = 4000.0
BURST = 8000.0
"""What a runner may say at once; beyond that it is read no faster than ``UNITS_PER_S``. What
scripts print has to fit in: the runner's beats wait their turn behind it."""
UNIT_BYTES = 2048
"""Each line is one unit, and one more for each so many bytes."""
MAX_SAID_BYTES = 65_536
"""A line of an answer before its end: a line of output, or a call. What is longer is dropped."""
MAX_BEAT_BYTES = 2 * MAX_RECORD_BYTES
"""Of any line that is no answer: its longest words are those of a switch."""
MOST_PARTS = 10_000
"""Of a run's end: its calls, at most some hundreds, with a dozen words each."""
_QUESTION = re.compile(rb'\{"frame":"answer","id":(\d{1,16}),')
"""How an answer begins: whom it is for is seen before anything of it is read."""


class Budget:
    """So that one runner's flood leaves time for everybody else."""

    def __init__(self) -> None:
        self._left = BURST
        self._at = time.monotonic()

    async def spend(self, size: int) -> None:
        """For a line of so many bytes: wait until there is time for it."""
        now = time.monotonic()
        gained = (now - self._at) * UNITS_PER_S
        self._left = min(self._left + gained, BURST) - 1 - size / UNIT_BYTES
        self._at = now
        # Also where nothing is to be waited for: what has come already is read without a turn.
        await asyncio.sleep(max(-self._left, 0.0) / UNITS_PER_S)


def wanted(line: bytes, asked: Container[int]) -> bool:
    """Whether a line is worth the time to read it; an answer that nobody asked for is not.

    :raises Gone: it is long and no answer, or is no end of anything that a runner does.
    """
    answer = _QUESTION.match(line)
    if answer is None and len(line) > MAX_BEAT_BYTES:
        raise Gone("a line was longer than any may be that is no answer")
    if answer is not None and int(answer[1]) not in asked:
        return False
    if len(line) > MAX_BEAT_BYTES and crowded(line):
        raise Gone("an answer had more parts than any may have")
    return True


def crowded(line: bytes) -> bool:
    """Whether it has more values than any word of a runner, or is no JSON."""
    try:
        parts = [from_json(line)]
    except ValueError:
        return True
    seen = 0
    while parts:
        part = parts.pop()
        inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        seen += 1 + len(inner)
        if seen > MOST_PARTS:
            return True
        parts.extend(inner)
    return False
