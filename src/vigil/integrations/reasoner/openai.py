"""Any model behind an endpoint that speaks as OpenAI does: a vendor's, or one's own.

It is the oldest of its interfaces, chat completions, as that is the one that all others speak. The
library neither tries again nor waits: ``calling.py`` does.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, cast

from openai import AsyncOpenAI, OpenAIError, omit
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam
from openai.types.chat.chat_completion_chunk import ChoiceDelta, ChoiceDeltaToolCall

from vigil.domain.run import Health
from vigil.domain.thinking import Unheard
from vigil.integrations._clients.bounded import bounded_client
from vigil.integrations.reasoner.data_block import framed, message
from vigil.integrations.reasoner.failing import in_our_words
from vigil.integrations.reasoner.model import (
    LOOK_S,
    MOST_BYTES,
    Call,
    Conversation,
    Heard,
    ModelFailed,
    Said,
    Say,
    Stop,
    Tool,
    Turn,
    Usage,
    counted,
)
from vigil.integrations.reasoner.openai_errors import in_the_middle, instead_of_an_answer

STEP_S = 60.0
"""Between two bytes, as a model of one's own may read for long before it writes."""
MOST_CALLS = 200
"""Calls of tools in one answer that are put together."""
NO_KEY = "none"
"""What is sent as the key where an endpoint wants none: the library knows no request without."""
_STOPS = {
    "stop": Stop.DONE,
    "tool_calls": Stop.ASKS,
    "content_filter": Stop.REFUSED,
    "length": Stop.OUT_OF_TOKENS,
}
_REMEDY = "see what LLM_MODEL, LLM_TRIAGE_MODEL, OPENAI_API_KEY and OPENAI_BASE_URL say"


class OpenAICompatible:
    """Fulfils ``Model``: one model at one endpoint."""

    def __init__(self, name: str, url: str, most_out: int, key: str | None = None) -> None:
        self.name = name
        self._most_out = most_out
        self._client = AsyncOpenAI(
            api_key=key or NO_KEY,
            base_url=url,
            # Not from the environment: it may name somebody else's.
            organization="",
            project="",
            max_retries=0,
            http_client=bounded_client(STEP_S, MOST_BYTES),
        )

    async def turn(self, conversation: Conversation, aloud: Say) -> Turn:  # noqa: ARG002 - nothing is
        """Its next turn, streamed, so that a connection that died is seen before the deadline.

        Nothing is said aloud: this interface has no place for what a model thinks, and its text may
        be the answer.
        """
        with in_our_words(OpenAIError, instead_of_an_answer):
            stream = await self._client.chat.completions.create(
                model=self.name,
                messages=_messages(conversation),
                # Newer models of OpenAI itself call it otherwise, and no other server does.
                max_tokens=self._most_out,
                stream=True,
                stream_options={"include_usage": True},
                tools=[_tool(each) for each in conversation.tools],
                tool_choice=omit if conversation.may_ask else "none",
                response_format={
                    "type": "json_schema",
                    "json_schema": {
                        "name": "answer",
                        "schema": conversation.answer,
                        "strict": True,
                    },
                },
            )
        with in_our_words(OpenAIError, in_the_middle):
            async with stream:
                written = await _written(cast("AsyncIterator[ChatCompletionChunk]", stream))
                return written.turn()

    async def health(self) -> Health:
        """Whether the endpoint answers and names the model; nothing is asked of it."""
        part = f"model {self.name}"
        try:
            known = await self._listed()
        except ModelFailed as failed:
            return Health(part=part, ok=False, text=failed.text, remedy=_REMEDY, vital=False)
        if self.name not in known:
            text = "its endpoint knows no such model"
            return Health(part=part, ok=False, text=text, remedy=_REMEDY, vital=False)
        return Health(part=part, ok=True, text="its endpoint has it", vital=False)

    async def close(self) -> None:
        """Let connections go."""
        await self._client.close()

    async def _listed(self) -> set[str]:
        with in_our_words(OpenAIError, instead_of_an_answer):
            async with asyncio.timeout(LOOK_S):
                return {each.id for each in (await self._client.models.list()).data}


def _messages(conversation: Conversation) -> "list[ChatCompletionMessageParam]":
    messages: list[ChatCompletionMessageParam] = [
        {"role": "system", "content": conversation.system}
    ]
    for said in conversation.messages:
        if isinstance(said, Heard):
            messages.append(said.wire)
        else:
            messages += _said(said)
    return messages


def _said(said: Said) -> "list[ChatCompletionMessageParam]":
    """Every result is a message of its own here; none of them says whether the call failed."""
    results: list[ChatCompletionMessageParam] = [
        {"role": "tool", "tool_call_id": reply.call, "content": framed(reply.piece)}
        for reply in said.replies
    ]
    text = message(said)
    return [*results, {"role": "user", "content": text}] if text else results


def _tool(tool: Tool) -> Any:  # noqa: ANN401 - the library's own union of dictionaries
    function = {"name": tool.name, "description": tool.description, "parameters": tool.schema}
    return {"type": "function", "function": function}


@dataclass
class _Call:
    """A call of a tool while it is written."""

    id: str
    name: str = ""
    arguments: str = ""


@dataclass
class _Written:
    """An answer while it is written."""

    text: str = ""
    refusal: str = ""
    calls: dict[int, _Call] = field(default_factory=dict)
    reason: str | None = None
    usage: Usage | None = None

    def add(self, chunk: ChatCompletionChunk) -> None:
        if chunk.usage is not None:
            cached = chunk.usage.prompt_tokens_details
            told = counted(chunk.usage.prompt_tokens)
            read = min(counted((cached.cached_tokens or 0) if cached else 0), told)
            self.usage = Usage(
                fresh=told - read,
                cache_read=read,
                out=counted(chunk.usage.completion_tokens),
            )
        # One answer was asked for; an endpoint that sends more of them has the others unread.
        for choice in chunk.choices[:1]:
            self._grow(choice.delta)
            self.reason = choice.finish_reason or self.reason

    def _grow(self, delta: ChoiceDelta) -> None:
        self.text += delta.content or ""
        self.refusal += delta.refusal or ""
        for piece in delta.tool_calls or ():
            self._call(piece)

    def _call(self, piece: ChoiceDeltaToolCall) -> None:
        if len(self.calls) >= MOST_CALLS and piece.index not in self.calls:
            raise ValueError("more calls of tools than anybody asks")
        call = self.calls.setdefault(piece.index, _Call(id=piece.id or f"call-{piece.index}"))
        if piece.function is not None:
            call.name += piece.function.name or ""
            call.arguments += piece.function.arguments or ""

    def turn(self) -> Turn:
        """The whole of it."""
        stop = _STOPS.get(self.reason or "")
        if stop is None:
            raise ModelFailed(Unheard.BROKEN, "its answer stopped in the middle")
        if self.refusal:
            stop = Stop.REFUSED
        elif stop is Stop.DONE and self.calls:
            # Not every server says that it waits for an answer.
            stop = Stop.ASKS
        calls = tuple(Call(each.id, each.name, each.arguments) for each in self.calls.values())
        return Turn(stop=stop, text=self.text, calls=calls, heard=self._heard(), usage=self.usage)

    def _heard(self) -> Heard:
        calls = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in self.calls.values()
        ]
        said: dict[str, Any] = {"role": "assistant", "content": self.text}
        return Heard({**said, "tool_calls": calls} if calls else said)


async def _written(stream: AsyncIterator[ChatCompletionChunk]) -> _Written:
    written = _Written()
    async for chunk in stream:
        written.add(chunk)
    return written
