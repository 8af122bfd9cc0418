"""``queue.*``: a queue of messages that is a list of Redis."""

from collections.abc import Sequence
from typing import ClassVar, Literal, Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from vigil.domain.effects import EffectKind
from vigil.domain.verbs.base import DIGEST, Argument, Place, Verb
from vigil.domain.verbs.redis import DRIVER, Key, RedisGrant


class _PauseGrant(RedisGrant):
    holds: ClassVar[tuple[str, ...]] = ("paused",)
    paused: Key
    """The key that is there while the workers take nothing."""

    def places(self, arguments: Sequence[str]) -> tuple[Place, ...]:
        del arguments
        return (self.key(self.paused),)


class QueuePauseGrant(_PauseGrant):
    """``queue.pause``: put the key ``paused`` there, which tells the workers to take nothing.

    One that somebody else has put there stays.
    """

    verb: Literal["queue.pause"]


class QueueResumeGrant(_PauseGrant):
    """``queue.resume``: take the key ``paused`` away, if ``queue.pause`` has put it there.

    What a person paused stays paused.
    """

    verb: Literal["queue.resume"]


class _ParkGrant(RedisGrant):
    holds: ClassVar[tuple[str, ...]] = ("queue", "parking")
    queue: Key
    parking: Key
    """The list that holds what was set aside; no worker takes anything from it."""

    @model_validator(mode="after")
    def _two_lists(self) -> Self:
        if self.queue == self.parking:
            raise PydanticCustomError("one_list", "queue and parking have to be two lists")
        return self

    def places(self, arguments: Sequence[str]) -> tuple[Place, ...]:
        del arguments
        return (self.key(self.queue), self.key(self.parking))


class QueueParkGrant(_ParkGrant):
    """``queue.park``: set one message aside that the workers choke on.

    It is named by the SHA-256 of its bytes, and moved from the list ``queue`` to the list
    ``parking``; of at most 10,000 messages.
    """

    verb: Literal["queue.park"]


class QueueUnparkGrant(_ParkGrant):
    """``queue.unpark``: put one message back from ``parking`` into ``queue``.

    ``new_at`` is the end of the list at which the service itself adds messages: it comes last.
    """

    verb: Literal["queue.unpark"]
    new_at: Literal["left", "right"] = "left"


_MESSAGE = (Argument(name="message", pattern=DIGEST),)
_AGAIN = "a mark beside what it touches, set in the same step, for a week"

VERBS = (
    Verb(
        grant=QueuePauseGrant,
        kind=EffectKind.DISRUPTIVE,
        arguments=(),
        resource="queue:{grant}",
        reason="tells the workers to take no more messages, so that they wait",
        undo="queue.resume",
        again=_AGAIN,
        needs=DRIVER,
    ),
    Verb(
        grant=QueueResumeGrant,
        kind=EffectKind.REVERSIBLE,
        arguments=(),
        resource="queue:{grant}",
        reason="lets the workers go on that queue.pause has held up",
        undo="queue.pause",
        again=_AGAIN,
        needs=DRIVER,
    ),
    Verb(
        grant=QueueParkGrant,
        kind=EffectKind.DISRUPTIVE,
        arguments=_MESSAGE,
        resource="queue:{grant}",
        reason="sets one message aside; nobody works on it until it is put back",
        undo="queue.unpark, which puts it among those that come last",
        again=_AGAIN,
        needs=DRIVER,
    ),
    Verb(
        grant=QueueUnparkGrant,
        kind=EffectKind.REVERSIBLE,
        arguments=_MESSAGE,
        resource="queue:{grant}",
        reason="puts one message back that was set aside",
        undo="queue.park",
        again=_AGAIN,
        needs=DRIVER,
    ),
)
