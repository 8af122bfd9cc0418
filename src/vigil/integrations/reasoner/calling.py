"""One call of a model: within its deadline, within the budget, counted, and tried again with sense.

The vendors' own libraries would try again by themselves and sleep for as long as a server asks
them to; they are told not to. Here it is known how much time and money is left.
"""

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from vigil.domain.cost import NOTHING, Cost
from vigil.domain.errors import PortUnavailable
from vigil.domain.thinking import Unheard
from vigil.integrations.reasoner.data_block import framed, message
from vigil.integrations.reasoner.model import (
    Conversation,
    Heard,
    Model,
    ModelFailed,
    Said,
    Say,
    Turn,
    Usage,
)
from vigil.integrations.reasoner.price import Price
from vigil.ports.ledger import Ledger

BYTES_A_TOKEN = 2
"""No ordinary text has more than one token for two bytes; most have one for three or four."""
MOST_BYTES_A_TOKEN = 6
"""... and none has fewer than one for so many: who counts fewer has not counted."""
OVERHEAD = 1000
"""Tokens that a vendor adds for the tools' sake."""


@dataclass(frozen=True)
class Patience:
    """How long and how often, in seconds and calls."""

    deadline_s: float = 120.0
    """For the whole plan, waits and questions included."""
    call_s: float = 60.0
    """For one call."""
    tries: int = 3
    """Of one call, the first included."""


@dataclass(frozen=True)
class Mind:
    """A model, what it costs, and how much it may write in one turn."""

    model: Model
    price: Price
    most_out: int


class Caller:
    """Calls one model for one incident and keeps count."""

    def __init__(self, mind: Mind, patience: Patience, ledger: Ledger, incident: str) -> None:
        self._mind = mind
        self._patience = patience
        self._ledger = ledger
        self._incident = incident
        self._until = asyncio.get_running_loop().time() + patience.deadline_s
        self.cost: Cost = NOTHING

    async def turn(self, conversation: Conversation, aloud: Say) -> Turn:
        """The next turn; ``ModelFailed`` once there is no more sense in trying."""
        for left in reversed(range(self._patience.tries)):
            try:
                return await self._once(conversation, aloud)
            except ModelFailed as failed:
                wait_s = failed.again_after_s
                if left == 0 or wait_s is None or wait_s >= self._left_s:
                    raise
                await asyncio.sleep(wait_s)
        raise AssertionError("a call is tried once at least")

    @property
    def _left_s(self) -> float:
        return self._until - asyncio.get_running_loop().time()

    async def _once(self, conversation: Conversation, aloud: Say) -> Turn:
        most = self._mind.price.of(self._most(conversation))
        await self._reserve(most)
        # What is not known is counted as the most that it can have been.
        cost = most
        try:
            async with asyncio.timeout(min(self._patience.call_s, max(self._left_s, 0.0))):
                turn = await self._mind.model.turn(conversation, aloud)
            cost = self._mind.price.of(used(conversation, turn))
        except ModelFailed as failed:
            if failed.usage is not None:
                cost = self._mind.price.of(failed.usage)
            raise
        except TimeoutError:
            text = "it did not answer in time"
            raise ModelFailed(Unheard.TIMED_OUT, text) from None
        finally:
            self.cost += cost
            # What is not settled stays counted as the most that it can have been.
            with suppress(PortUnavailable):
                await self._ledger.settle(self._incident, most, cost)
        return turn

    async def _reserve(self, most: Cost) -> None:
        try:
            why_not = await self._ledger.reserve(self._incident, most)
        except PortUnavailable as error:
            why_not = f"nobody knows what it has cost so far ({error})"
        if why_not is not None:
            raise ModelFailed(Unheard.BUDGET, why_not)

    def _most(self, conversation: Conversation) -> Usage:
        """The most that a turn can take, all of it written to the cache."""
        read = size(conversation) // BYTES_A_TOKEN + OVERHEAD
        return Usage(cache_written=read, out=self._mind.most_out)


def used(conversation: Conversation, turn: Turn) -> Usage:
    """Tokens of a turn as its endpoint counts them, and no fewer than so much text can be.

    Anybody's endpoint may count as it likes, or not at all; the limits hold all the same.
    """
    read = size(conversation)
    written = _bytes(turn.text) + sum(_bytes(call.arguments) for call in turn.calls)
    if turn.usage is None:
        return Usage(fresh=read // BYTES_A_TOKEN, out=written // BYTES_A_TOKEN + 1)
    said = turn.usage
    missing = read // MOST_BYTES_A_TOKEN - (said.fresh + said.cache_written + said.cache_read)
    return said._replace(
        fresh=said.fresh + max(missing, 0), out=max(said.out, written // MOST_BYTES_A_TOKEN)
    )


def size(conversation: Conversation) -> int:
    """Bytes of everything that it says."""
    fixed = [conversation.system, [tool._asdict() for tool in conversation.tools]]
    said = [_text(each) for each in conversation.messages]
    return _bytes(json.dumps([fixed, conversation.answer, said], ensure_ascii=False))


def _bytes(text: str) -> int:
    """Half a character, which a model can write in JSON, is no reason to stop counting."""
    return len(text.encode(errors="replace"))


def _text(each: Said | Heard) -> Any:  # noqa: ANN401 - whatever its vendor's form is
    if isinstance(each, Heard):
        return each.wire
    return [*(framed(reply.piece) for reply in each.replies), message(each)]
