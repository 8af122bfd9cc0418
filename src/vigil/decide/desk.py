"""The desk: what whoever writes a plan may ask before, each answer bounded, redacted and told.

It only looks. What it is asked and what it found is on the timeline before anybody is told it.
"""

import asyncio
from collections.abc import Awaitable, Callable

from pydantic import JsonValue

from vigil.decide.bounding import MOST_CHARACTERS, bounded, fitted, without_secrets
from vigil.decide.discretion import Discretion
from vigil.decide.lookups import Found, Lookups, could_not
from vigil.domain.errors import VigilError
from vigil.domain.outbound import Outbound
from vigil.domain.question import Answer, Question
from vigil.domain.scrub import clean, without_control
from vigil.domain.shortened import Content
from vigil.ports.journal import Note

LOOK_S = 20.0
"""For one look, whatever it asks."""
MOST_ASKED = 20
MOST_TOLD = 40
"""Sentences of a model, of one synthesis, that are kept."""
MOST_SHOWN = 1500
"""Characters of one answer or sentence on the timeline."""
REASONING = "reasoning"

Tell = Callable[[Note], Awaitable[None]]


class EvidenceDesk:
    """Fulfils ``ports.desk.Desk`` for one incident; one question at a time."""

    def __init__(self, lookups: Lookups, discretion: Discretion, tell: Tell) -> None:
        self._lookups = lookups
        self._discretion = discretion
        self._tell = tell
        self._asked = self._told = 0
        self._turn = asyncio.Lock()

    async def ask(self, question: Question) -> Answer:
        """Look, bounded in time and size."""
        async with self._turn:
            self._asked += 1
            found = await self._look(question)
            # Before it is cut: nobody would know half of a secret for one.
            content = await without_secrets(found.content, self._without_secrets)
            text, truncated = bounded(content)
            outbound = await self._discretion.repeated(text)
            name = f"tool-{self._asked}"
            asked: dict[str, JsonValue] = question.model_dump(mode="json")
            await self._note(
                f"it asks {await self._shown(asked)}",
                answer=name,
                found=clean(outbound.text, MOST_SHOWN),
                truncated=truncated,
                failed=found.failed,
            )
            return Answer(name, outbound, truncated, found.failed)

    async def outbound(self, text: str) -> Outbound:
        """With the tokens of everything that was said of this incident before."""
        async with self._turn:
            return await self._discretion.redacted(text)

    async def written(self, content: Content) -> Outbound:
        """As JSON; its tokens are those of everything else that was said."""
        async with self._turn:
            text = await fitted(content, self._without_secrets)
            return await self._discretion.repeated(text)

    async def tell(self, text: str) -> None:
        """Its words, with the tokens that it was given and nothing that they stand for."""
        async with self._turn:
            self._told += 1
            if self._told <= MOST_TOLD:
                # What nobody sees goes first: it would only hide something from the redactor. What
                # is too long goes last: nobody would know half of a secret for one.
                said = await self._discretion.repeated(without_control(text))
                await self._note(clean(said.text, MOST_SHOWN))

    async def _look(self, question: Question) -> Found:
        if self._asked > MOST_ASKED:
            return could_not(f"{MOST_ASKED} questions were answered; no more are")
        try:
            async with asyncio.timeout(LOOK_S):
                return await self._lookups.look(question)
        except TimeoutError:
            return could_not(f"no answer within {LOOK_S:g} s")
        except VigilError as error:
            return could_not(clean(str(error), MOST_CHARACTERS))

    async def _without_secrets(self, text: str) -> str:
        return (await self._discretion.redacted(text)).text

    async def _shown(self, asked: dict[str, JsonValue]) -> str:
        words = ", ".join(f"{name} {value}" for name, value in asked.items() if name != "ask")
        return (await self._discretion.redacted(f"{asked['ask']} ({words})")).text

    async def _note(self, text: str, **further: JsonValue) -> None:
        await self._tell(Note(kind=REASONING, payload={"text": text, **further}))
