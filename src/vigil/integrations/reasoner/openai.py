"""Any model behind an endpoint that speaks as OpenAI does: a vendor's, or one's own.

It is the oldest of its interfaces, chat completions, as that is the one that all others speak. The
library neither tries again nor waits: ``calling.py`` does.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, cast

import httpx2
import openai
from openai import AsyncOpenAI, omit
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam
from openai.types.chat.chat_completion_chunk import ChoiceDelta, ChoiceDeltaToolCall

from vigil.domain.run import Health
from vigil.domain.thinking import Unheard
from vigil.integrations._clients.bounded import bounded_client
from vigil.integrations.reasoner.data_block import framed, message
from vigil.integrations.reasoner.model import (
    NOT_UNDERSTOOD,
    Call,
    Conversation,
    Heard,
    ModelFailed,
    Said,
    Stop,
    Tool,
    Turn,
    Usage,
)
from vigil.integrations.reasoner.openai_errors import translated

STEP_S = 60.0
"""Between two bytes, as a model of one's own may read for long before it writes."""
MOST_BYTES = 8 * 1024 * 1024
"""Of one answer, with all its events."""
MOST_CALLS = 200
"""Calls of tools in one answer that are put together."""
MOST_TOKENS = 10**9
"""Of one answer; who says more has not counted."""
LOOK_S = 5.0
NO_KEY = "none"
"""What is sent as the key where an endpoint wants none: the library knows no request without."""
_BYTES_A_TOKEN = 2
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

    async def turn(self, conversation: Conversation) -> Turn:
        """Its next turn, streamed, so that a connection that died is seen before the deadline."""
        messages = list(_messages(conversation))
        try:
            stream = await self._client.chat.completions.create(
                model=self.name,
                messages=messages,
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
            async with stream:
                written = await _written(cast("AsyncIterator[ChatCompletionChunk]", stream))
                return written.turn(_size(messages, conversation))
        except (openai.OpenAIError, httpx2.HTTPError) as error:
            raise translated(error) from error
        except NOT_UNDERSTOOD as error:
            text = "what its endpoint sent is not what such an endpoint sends"
            raise ModelFailed(Unheard.MALFORMED, text) from error

    async def health(self) -> Health:
        """Whether the endpoint answers and names the model; nothing is asked of it."""
        part = f"model {self.name}"
        try:
            listed = await self._client.models.list(timeout=LOOK_S)
            known = {each.id for each in listed.data}
        except (openai.OpenAIError, httpx2.HTTPError) as error:
            text = translated(error).text
            return Health(part=part, ok=False, text=text, remedy=_REMEDY, vital=False)
        except NOT_UNDERSTOOD:
            text = "what its endpoint lists is not understood"
            return Health(part=part, ok=False, text=text, remedy=_REMEDY, vital=False)
        if self.name not in known:
            text = "its endpoint knows no such model"
            return Health(part=part, ok=False, text=text, remedy=_REMEDY, vital=False)
        return Health(part=part, ok=True, text="its endpoint has it", vital=False)

    async def close(self) -> None:
        """Let connections go."""
        await self._client.close()


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


def _size(messages: list[ChatCompletionMessageParam], conversation: Conversation) -> int:
    """Tokens of a question at most, for endpoints that do not count."""
    given = [messages, [tool._asdict() for tool in conversation.tools], conversation.answer]
    return len(json.dumps(given, ensure_ascii=False).encode()) // _BYTES_A_TOKEN


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
            read = _count((cached.cached_tokens or 0) if cached else 0)
            self.usage = Usage(
                fresh=max(_count(chunk.usage.prompt_tokens) - read, 0),
                cache_read=read,
                out=_count(chunk.usage.completion_tokens),
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
        name = f"{piece.id or f'call-{piece.index}'}"
        call = self.calls.setdefault(piece.index, _Call(id=name))
        if piece.function is not None:
            call.name += piece.function.name or ""
            call.arguments += piece.function.arguments or ""

    def turn(self, size: int) -> Turn:
        """The whole of it; ``size`` is what it was asked, in tokens at most."""
        stop = _STOPS.get(self.reason or "")
        if stop is None:
            raise ModelFailed(Unheard.BROKEN, "its answer stopped in the middle")
        if self.refusal:
            stop = Stop.REFUSED
        elif stop is Stop.DONE and self.calls:
            # Not every server says that it waits for an answer.
            stop = Stop.ASKS
        calls = tuple(Call(each.id, each.name, each.arguments) for each in self.calls.values())
        out = len((self.text + "".join(call.arguments for call in calls)).encode())
        usage = self.usage or Usage(fresh=size, out=out // _BYTES_A_TOKEN + 1)
        return Turn(stop=stop, text=self.text, calls=calls, heard=self._heard(), usage=usage)

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


def _count(tokens: int) -> int:
    """As the endpoint says; the library lets through whatever that is."""
    if not 0 <= tokens <= MOST_TOKENS:
        raise ValueError("that is no count of tokens")
    return int(tokens)


async def _written(stream: AsyncIterator[ChatCompletionChunk]) -> _Written:
    written = _Written()
    async for chunk in stream:
        written.add(chunk)
    return written
