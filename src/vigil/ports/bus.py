"""What processes tell each other to be quick; everything in it can be made anew from the record."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from typing import Protocol

from vigil.domain.course import Course
from vigil.domain.news import Gap, News

LONGEST_WAIT_S = 0.25
"""No call waits longer for whatever is behind the bus, even when that hangs."""
MOST_UNHEARD = 500
"""Words that may wait for one listener; whoever has more to hear looks at the record instead."""


class Bus(Protocol):
    """Live news, shared limits, remembered readings. It is never the record.

    1. What is announced is heard by every listener of this process and, as far as the last ``Gap``
       said so, of all others; of several changes of one incident the newest may stand for all.
    2. A listener's first word is a ``Gap``, and another one comes wherever something may have been
       missed, also because the listener was slow: for whom at most ``MOST_UNHEARD`` words wait.
    3. All callers for one source together get at most ``burst`` at once and ``rate`` per second;
       while what they share is away, each process by itself.
    4. What ``remembered`` gives was read when the incident stood at the version of ``news`` or
       later, by whoever asked first, or is read now; never what was read before that.
    5. No call raises because of what is behind the bus, or waits for it longer than
       ``LONGEST_WAIT_S``; ``announce`` does not wait at all, and may be called in any thread.
    6. What is remembered is bounded, and only ids, numbers, times and the names of stages are.
    """

    def announce(self, news: Iterable[News]) -> None:
        """These incidents have changed, on disk."""
        ...

    def listen(self) -> AsyncGenerator[News | Gap, None]:
        """Words as they come, for as long as somebody asks for the next one."""
        ...

    async def room(self, source: str, wanted: int, rate: float, burst: int) -> int:
        """How many of ``wanted`` may go ahead now, 0 to all; those are counted as gone."""
        ...

    async def remembered(self, news: News, read: Callable[[], Awaitable[Course]]) -> Course:
        """The course of an incident that stands where ``news`` says; what ``read`` raises."""
        ...
