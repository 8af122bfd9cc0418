"""What people outside are told of an incident: when, through which channel, and what became of it.

A message has no text of its own. What it says is worked out from the timeline when it is sent, so
that nothing is kept twice, and what was erased is told nobody any more.
"""

from enum import StrEnum
from typing import NamedTuple

from pydantic import Field

from vigil.domain.identity import sha256_hex
from vigil.domain.outbound import Outbound
from vigil.domain.value import Instant, Value

MOST_KEY = 160
"""Characters of what a message is found by."""
MOST_PLACE = 64
"""Characters of what a channel calls the place that it goes to."""
_MARK_DIGITS = 24


class Deed(StrEnum):
    """What a message does where it arrives."""

    NOTE = "note"
    """It is written there for people to read."""
    ACKNOWLEDGE = "acknowledge"
    """The outside incident is said to be worked on."""
    RESOLVE = "resolve"
    """The outside incident is closed."""


class Draft(Value):
    """A message that is to be written down."""

    place: str = Field(min_length=1, max_length=MOST_PLACE)
    """What the channel calls where it goes: for a tracker its own incident."""
    key: str = Field(min_length=1, max_length=MOST_KEY)
    """The same for the same moment in whichever process, and for no other of its incident."""
    deed: Deed
    said_at: Instant
    """When that came to be true which it tells."""


class Message(Value):
    """A message that was taken up to be sent."""

    number: int
    incident: str
    channel: str
    place: str
    key: str
    deed: Deed
    said_at: Instant
    tries: int
    """How often it was taken up, this time included."""

    @property
    def mark(self) -> str:
        """What shows, where it arrives, that it has been there before."""
        parts = (self.incident, self.channel, self.place, self.key, self.deed)
        digest = sha256_hex(*(part.encode() for part in parts))
        return f"vigil:{digest[:_MARK_DIGITS]}"


class State(StrEnum):
    """How far a message has come."""

    DUE = "due"
    TOLD = "told"
    NOT_TOLD = "not_told"


class Became(Value):
    """What became of a message that was taken up."""

    state: State
    text: str
    remote: str = ""
    """What the channel calls what it made of it."""
    again_at: Instant | None = None
    """When it is tried again, if it is still due."""


class Standing(Value):
    """How a channel fares."""

    due: int
    oldest_at: Instant | None = None
    """When that came to be true which the oldest of them tells."""
    failing: str | None = None
    """Why the newest of those that were tried and are still due was not told."""
    told: int = 0
    not_told: int = 0


class Sending(NamedTuple):
    """What a channel is given of a message: text that may leave, and words of Vigil's own."""

    text: Outbound
    link: str
    """To the incident in Vigil's console."""
    mark: str
    """To be kept in what is written, and looked for before anything is written."""


class Sent(NamedTuple):
    """What a channel did."""

    text: str
    remote: str = ""
