"""The conversation with a model: it asks the desk, and then it answers, all of it bounded.

Nothing that a model says is carried out. It may have questions answered that only look, and what it
answers is read into a draft, which is judged like anybody's.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from vigil.domain.briefing import Briefing, Draft
from vigil.domain.errors import NotRedacted, PortUnavailable
from vigil.domain.outbound import Outbound
from vigil.domain.shortened import Content
from vigil.domain.thinking import Unheard
from vigil.integrations.reasoner.aloud import Aloud
from vigil.integrations.reasoner.answer import answer_schema
from vigil.integrations.reasoner.calling import Caller
from vigil.integrations.reasoner.model import (
    Call,
    Conversation,
    ModelFailed,
    Piece,
    Reply,
    Said,
    Stop,
    Turn,
)
from vigil.integrations.reasoner.prompts import system, words
from vigil.integrations.reasoner.reading import Mistakes, read
from vigil.integrations.reasoner.rendering import materials, numbered
from vigil.integrations.reasoner.tools import TOOLS, question_of
from vigil.ports.desk import Desk

MOST_CALLS = 50
"""Calls in one turn that are answered at all."""

_ENDS = {
    Stop.REFUSED: (
        Unheard.REFUSED,
        "it refused{detail}; a person has to look, and it is not asked again in other words",
    ),
    Stop.OUT_OF_TOKENS: (
        Unheard.OUT_OF_TOKENS,
        "its answer was cut off at the longest that it may be; nothing of it is used",
    ),
    Stop.CONTEXT_FULL: (
        Unheard.CONTEXT_FULL,
        "what it was told is more than it can read at once",
    ),
}


@dataclass(frozen=True)
class Bounds:
    """How much a model may ask before it has to answer."""

    turns: int = 10
    """Calls of the model, its answer and the repair of it included."""
    questions: int = 12
    at_once: int = 4
    """Questions in one turn that are put to the desk."""
    pauses: int = 2


def opening(pieces: Sequence[Piece]) -> Conversation:
    """What a model is given at first."""
    told = Said(pieces=tuple(pieces), words=words("task.md"))
    return Conversation(system(), TOOLS, answer_schema(), (told,))


class Loop:
    """One incident, one model, one desk."""

    def __init__(
        self, caller: Caller, desk: Desk, briefing: Briefing, bounds: Bounds | None = None
    ) -> None:
        self._caller = caller
        self._desk = desk
        self._briefing = briefing
        self._bounds = bounds or Bounds()
        self._aloud = Aloud(self._tell)
        self._asked: list[str] = []
        self._questions = self._bounds.questions

    async def run(self) -> Draft:
        """The draft that the model wrote; ``ModelFailed`` when there is none."""
        conversation = await self._opening()
        pauses = repairs = 0
        for number in range(1, self._bounds.turns + 1):
            # Room for the answer and for its repair.
            may_ask = self._questions > 0 and number <= self._bounds.turns - 2
            conversation = replace(conversation, may_ask=may_ask)
            turn = await self._caller.turn(conversation, self._aloud.say)
            # The text of any other turn is an answer, or a part of one.
            await self._aloud.finish(turn.text if turn.stop is Stop.ASKS else "")
            if turn.stop is Stop.ASKS:
                conversation = await self._answered(conversation, turn)
            elif turn.stop is Stop.PAUSED and pauses < self._bounds.pauses:
                pauses += 1
                conversation = conversation.with_more(turn.heard)
            elif turn.stop is Stop.DONE:
                draft = self._read(turn)
                if isinstance(draft, Draft):
                    return draft
                if repairs:
                    raise _malformed(draft)
                repairs += 1
                # A message without words is one that vendors do not take back.
                heard = (turn.heard,) if turn.text.strip() else ()
                conversation = conversation.with_more(*heard, await self._corrected(draft))
            else:
                raise _ended(turn)
        raise ModelFailed(Unheard.ENDLESS, f"it came to no answer in {self._bounds.turns} turns")

    async def _opening(self) -> Conversation:
        return opening(
            [
                Piece(each.name, await self._written(each.content))
                for each in materials(self._briefing)
            ]
        )

    async def _written(self, content: Content) -> Outbound:
        with _fit_to_leave():
            return await self._desk.written(content)

    async def _outbound(self, text: str) -> Outbound:
        with _fit_to_leave():
            return await self._desk.outbound(text)

    def _read(self, turn: Turn) -> Draft | Mistakes:
        if turn.calls:
            text = "it calls tools and does not wait for what they give"
            raise ModelFailed(Unheard.MALFORMED, text)
        return read(turn.text, self._briefing, self._asked)

    async def _corrected(self, mistakes: Mistakes) -> Said:
        await self._tell(f"Its answer could not be used: {_few(mistakes.sentences)}.")
        listed = await self._outbound(numbered(mistakes.sentences))
        return Said(pieces=(Piece("mistakes", listed),), words=words("repair.md"))

    async def _answered(self, conversation: Conversation, turn: Turn) -> Conversation:
        """Every call is answered, in one message, as vendors want it; not every one is asked."""
        if not conversation.may_ask:
            raise ModelFailed(Unheard.ENDLESS, "it went on asking when it was told to answer")
        if not 0 < len(turn.calls) <= MOST_CALLS:
            text = f"it asked {len(turn.calls)} things at once; nothing of it is answered"
            raise ModelFailed(Unheard.MALFORMED, text)
        replies = [
            await self._reply(call, asked=number < self._bounds.at_once)
            for number, call in enumerate(turn.calls)
        ]
        told = Said(replies=tuple(replies))
        if self._questions <= 0:
            told = replace(told, words=words("last.md"))
        return conversation.with_more(turn.heard, told)

    async def _reply(self, call: Call, *, asked: bool) -> Reply:
        question = question_of(call)
        if isinstance(question, str):
            why_not = question
        elif not asked:
            why_not = f"only {self._bounds.at_once} questions at once are answered; ask this later"
        elif self._questions <= 0:
            why_not = "no more questions are answered"
        else:
            self._questions -= 1
            with _fit_to_leave():
                answer = await self._desk.ask(question)
            self._asked.append(answer.id)
            return Reply(call.id, Piece(answer.id, answer.outbound), failed=answer.failed)
        await self._tell(f"It called '{call.name}' and was not answered: {why_not}.")
        return Reply(call.id, Piece("mistake", await self._outbound(why_not)), failed=True)

    async def _tell(self, text: str) -> None:
        with _fit_to_leave():
            await self._desk.tell(text)


@contextmanager
def _fit_to_leave() -> Iterator[None]:
    """What cannot be redacted ends it: who is told half of it draws the wrong conclusions."""
    try:
        yield
    except (NotRedacted, PortUnavailable) as error:
        text = f"what it should be told could not be made fit to leave, or not be kept ({error})"
        raise ModelFailed(Unheard.NOT_REDACTED, text) from error


def _ended(turn: Turn) -> ModelFailed:
    if turn.stop is Stop.PAUSED:
        return ModelFailed(Unheard.PAUSED, "it asked for more time again and again")
    unheard, text = _ENDS[turn.stop]
    return ModelFailed(unheard, text.format(detail=f" ({turn.detail})" if turn.detail else ""))


def _malformed(mistakes: Mistakes) -> ModelFailed:
    return ModelFailed(Unheard.MALFORMED, f"its answer cannot be used: {_few(mistakes.sentences)}")


def _few(sentences: Sequence[str], most: int = 3) -> str:
    rest = len(sentences) - most
    return "; ".join(sentences[:most]) + (f"; and {rest} more" if rest > 0 else "")
