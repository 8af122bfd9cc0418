"""The post: what people outside are still to be told, on record until they are."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from vigil.domain.message import Became, Draft, Message, Standing
from vigil.domain.value import Instant, Value
from vigil.ports.journal import Note

FOLLOWED = timedelta(days=7)
"""How long after its end the timeline of an incident is still followed."""
TAKEN_UP = timedelta(seconds=90)
"""How long a message is nobody else's once it was taken up: several times as long as any call of a
channel takes, so that what a killed process had sent can be seen there before it is sent again."""


class News(Value):
    """An incident of which a channel has not read everything."""

    incident: str
    read: int
    """The number of the newest event that was read for this channel."""
    since: Instant
    """What came to be true before that is not for this channel."""


class Unread(Value):
    """An incident whose timeline a channel has not read to its end."""

    incident: str
    since: Instant
    """When the first event came that was not read, but not before the channel's time began."""


class Post(Protocol):
    """Messages of each channel, beside the incidents that they tell of.

    1. ``news`` gives incidents whose timelines have gone on since the channel read them, at most
       ``limit``: open ones, and those closed within ``FOLLOWED``. The first time that it is asked
       for a channel, that channel's time begins.
    2. ``write`` puts messages on record and moves the reading mark in one transaction. A message
       that is there already, by incident, channel, place, key and deed, stays as it is; the mark
       never moves back.
    3. ``take`` takes up the message of a channel that has been due longest, or none. Of one
       incident and place the next one waits until the one before it has come to its end. What was
       taken up is nobody else's for ``TAKEN_UP``, and after that it is due again: so nothing is
       lost with the process that had it.
    4. ``settle`` writes what became of a message and its event in one transaction. Where somebody
       else has taken it up since, or it has come to its end, nothing is written and it is False.
    5. ``standing`` says how much of a channel is due, since when, and what holds it up. ``unread``
       names the incident that is news to a channel for longest; it begins no channel's time.
    6. The messages of an incident go when what the incident said is erased. They hold no text of
       it.
    """

    async def news(self, channel: str, now: Instant, limit: int) -> tuple[News, ...]:
        """What a channel has to read."""
        ...

    async def write(
        self, channel: str, incident: str, read: int, drafts: Sequence[Draft], now: Instant
    ) -> None:
        """Put on record what is to be told, and how far the timeline was read."""
        ...

    async def take(self, channel: str, now: Instant) -> Message | None:
        """The next one that is to be sent."""
        ...

    async def settle(
        self, message: Message, became: Became, notes: Sequence[Note], now: Instant
    ) -> bool:
        """What became of it."""
        ...

    async def unread(self, channel: str, now: Instant) -> Unread | None:
        """The incident that has waited longest to be read."""
        ...

    async def standing(self, channel: str) -> Standing:
        """How a channel fares."""
        ...
