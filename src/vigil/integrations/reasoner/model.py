"""What a model is to the rest of this package, whoever's it is: a conversation in, a turn out.

A vendor's file turns a conversation into its wire format and what comes back into a turn. It reads
nothing into it, carries nothing out and tries nothing again: that is done once for all vendors.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from vigil.domain.outbound import Outbound
from vigil.domain.run import Health
from vigil.domain.thinking import Unheard

MOST_BYTES = 8 * 1024 * 1024
"""Of one answer over the wire, with all its events."""
MOST_TOKENS = 10**9
"""Of one answer; who says more has not counted."""
LOOK_S = 5.0
"""For asking an endpoint what it has, which is not asking the model."""

Say = Callable[[str], Awaitable[None]]
"""Where a model's words go while it writes them, cut anywhere."""


class Tool(NamedTuple):
    """A tool that may be called; ``schema`` is the JSON schema of its arguments."""

    name: str
    description: str
    schema: dict[str, Any]


class Piece(NamedTuple):
    """Text of others, under a name of ours; it is shown to the model as data."""

    name: str
    text: Outbound


class Reply(NamedTuple):
    """What became of one call of a tool."""

    call: str
    """The id that the model gave it."""
    piece: Piece
    failed: bool


@dataclass(frozen=True)
class Said:
    """A message of ours: what its calls gave, then text of others, then our own words.

    ``words`` come from the prompt's files and from nowhere else.
    """

    replies: tuple[Reply, ...] = ()
    pieces: tuple[Piece, ...] = ()
    words: str = ""


@dataclass(frozen=True)
class Heard:
    """A message of the model, in its vendor's own form, to be sent back unchanged."""

    wire: Any


@dataclass(frozen=True)
class Conversation:
    """Everything that a model is given for its next turn, what never changes first.

    ``answer`` is the JSON schema of the answer that ends it.
    """

    system: str
    tools: tuple[Tool, ...]
    answer: dict[str, Any]
    messages: tuple[Said | Heard, ...] = ()
    may_ask: bool = True
    """Otherwise it has to answer now."""

    def with_more(self, *messages: Said | Heard) -> "Conversation":
        """The same with further messages."""
        return replace(self, messages=(*self.messages, *messages))


class Stop(StrEnum):
    """Why a turn ended, where it ended as the vendor means it to."""

    DONE = "done"
    ASKS = "asks"
    """It calls tools and waits for what they give."""
    PAUSED = "paused"
    """It wants to go on: the conversation is sent again with what it said so far."""
    REFUSED = "refused"
    OUT_OF_TOKENS = "out_of_tokens"
    CONTEXT_FULL = "context_full"


class Call(NamedTuple):
    """A tool that it calls. ``arguments`` is what it wrote: JSON, if it kept to the form."""

    id: str
    name: str
    arguments: str


class Usage(NamedTuple):
    """Tokens of one turn as its vendor counts them."""

    fresh: int = 0
    """Read for the first time."""
    cache_written: int = 0
    cache_read: int = 0
    out: int = 0


def counted(tokens: object) -> int:
    """A number of tokens as an endpoint says it: the libraries look at no type.

    :raises ValueError: it is none.
    """
    if not isinstance(tokens, int) or not 0 <= tokens <= MOST_TOKENS:
        raise ValueError("not a number of tokens")
    return tokens


@dataclass(frozen=True)
class Turn:
    """One turn of a model."""

    stop: Stop
    text: str
    """Its answer, where it is done; otherwise what it says while it works, without what was said
    aloud before."""
    calls: tuple[Call, ...]
    heard: Heard
    usage: Usage | None
    """None: its endpoint does not count."""
    detail: str = field(default="")
    """What its vendor says of the stop, as one word; such as the category of a refusal."""


class ModelFailed(Exception):
    """No turn came of it.

    ``text`` says what failed and what to do about it, without anything that the vendor wrote.
    """

    def __init__(
        self,
        unheard: Unheard,
        text: str,
        *,
        usage: Usage | None = None,
        again_after_s: float | None = None,
    ) -> None:
        self.unheard = unheard
        self.text = text
        self.usage = usage
        """None: it may have cost anything."""
        self.again_after_s = again_after_s
        """After how long it is worth another try; None: it is not."""
        super().__init__(text)


class Model(Protocol):
    """A model behind an endpoint; whoever asks it keeps the time."""

    name: str

    async def turn(self, conversation: Conversation, aloud: Say) -> Turn:
        """Its next turn; ``ModelFailed`` when there is none.

        What can be told for certain from its answer goes ``aloud`` while it is written: what it
        thinks, where its vendor shows that.
        """
        ...

    async def health(self) -> Health:
        """Whether it is there and may be asked; it is asked nothing."""
        ...

    async def close(self) -> None:
        """Let connections go."""
        ...
