"""Claude, over Anthropic's own library: its wire format, and its errors in our words.

The library neither tries again nor waits: ``calling.py`` does. What it sends is what the golden
files of the tests show.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, cast

from anthropic import AnthropicError, AsyncAnthropic, omit
from anthropic.lib.streaming import AsyncMessageStream
from anthropic.types import (
    CapabilitySupport,
    Message,
    MessageParam,
    ModelInfo,
    TextBlockParam,
    ThinkingConfigParam,
    ToolParam,
    ToolResultBlockParam,
)

from vigil.domain.run import Health
from vigil.domain.thinking import Unheard
from vigil.integrations._clients.bounded import bounded_client
from vigil.integrations.reasoner.anthropic_errors import translated
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

STEP_S = 30.0
"""Between two bytes; the whole call has a deadline of its own."""
MOST_LOOKS = 3
"""At what a model can do, until an endpoint has said it."""
MOST_WRITTEN = 20_000
"""Characters of one call's arguments: with each piece the library reads all before it once more."""
LEAST_THOUGHT = 1024
"""Tokens: the vendor takes no smaller budget for thinking."""
_THOUGHT = frozenset({"thinking", "redacted_thinking"})
_CACHED: Any = {"type": "ephemeral"}
_STOPS = {
    "end_turn": Stop.DONE,
    "stop_sequence": Stop.DONE,
    "tool_use": Stop.ASKS,
    "pause_turn": Stop.PAUSED,
    "refusal": Stop.REFUSED,
    "max_tokens": Stop.OUT_OF_TOKENS,
    "model_context_window_exceeded": Stop.CONTEXT_FULL,
}
_REFUSALS = frozenset({"cyber", "bio", "frontier_llm", "reasoning_extraction", "general_harms"})


class Claude:
    """Fulfils ``Model``: one model id at one endpoint."""

    def __init__(self, name: str, key: str, most_out: int, url: str | None = None) -> None:
        self.name = name
        self._most_out = most_out
        self._client = AsyncAnthropic(
            api_key=key,
            base_url=url or "https://api.anthropic.com",
            max_retries=0,
            http_client=bounded_client(STEP_S, MOST_BYTES),
            # Its traces can be told by the environment to hold what was asked and answered.
            open_telemetry=False,
        )
        self._thinking: ThinkingConfigParam | None = None
        self._looks_left = MOST_LOOKS

    async def turn(self, conversation: Conversation, aloud: Say) -> Turn:
        """Its next turn, streamed, so that a connection that died is seen before the deadline."""
        thinking = await self._how_it_thinks(conversation)
        with in_our_words(AnthropicError, translated):
            async with self._client.messages.stream(
                model=self.name,
                max_tokens=self._most_out,
                system=_system(conversation),
                tools=[_tool(each) for each in conversation.tools],
                messages=[_message(each) for each in conversation.messages],
                output_config={"format": {"type": "json_schema", "schema": conversation.answer}},
                # Not asking is the only choice that is ever forced: some models take no other.
                tool_choice=omit if conversation.may_ask else {"type": "none"},
                thinking=omit if thinking is None else thinking,
                # What was said so far is read from the cache by the next turn.
                cache_control=_CACHED,
            ) as stream:
                arguments = await _arguments(stream, aloud)
                return _turn(await stream.get_final_message(), arguments)

    async def health(self) -> Health:
        """Whether the key is good and the model is there; nothing is asked of the model itself."""
        part = f"model {self.name}"
        try:
            with in_our_words(AnthropicError, translated):
                lifecycle = (await self._about_it()).lifecycle
        except ModelFailed as failed:
            return Health(part=part, ok=False, text=failed.text, remedy=_REMEDY, vital=False)
        if lifecycle == "retired":
            text = "its vendor has retired it"
            return Health(part=part, ok=False, text=text, remedy=_REMEDY, vital=False)
        text = "answers" if lifecycle == "active" else "answers, and will be retired"
        return Health(part=part, ok=True, text=text, vital=False)

    async def close(self) -> None:
        """Let connections go."""
        await self._client.close()

    async def _how_it_thinks(self, conversation: Conversation) -> ThinkingConfigParam | None:
        """As the model's description says that it can; who gives none is asked a few times."""
        if self._looks_left > 0:
            self._looks_left -= 1
            with suppress(ModelFailed):
                self._thinking = _thinking(await self._about_it(), self._most_out)
                self._looks_left = 0
        bounded = self._thinking is not None and self._thinking["type"] == "enabled"
        return None if bounded and _began_without(conversation) else self._thinking

    async def _about_it(self) -> ModelInfo:
        """What its vendor says of the model."""
        with in_our_words(AnthropicError, translated):
            async with asyncio.timeout(LOOK_S):
                return await self._client.models.retrieve(self.name)


def _thinking(info: ModelInfo, most_out: int) -> ThinkingConfigParam | None:
    with in_our_words(AnthropicError, translated):
        types = None if info.capabilities is None else info.capabilities.thinking.types
        adaptive = types is not None and _supported(types.adaptive)
        enabled = types is not None and _supported(types.enabled)
    if adaptive:
        # Models that think put what they say between two tools into it as well.
        return {"type": "adaptive", "display": "summarized"}
    # The other half is for the answer: what it thinks counts as written.
    budget = most_out // 2
    if enabled and budget >= LEAST_THOUGHT:
        return {"type": "enabled", "budget_tokens": budget}
    return None


def _supported(capability: CapabilitySupport | None) -> bool:
    """The library looks at no type: an endpoint may leave a way out, or say anything of it."""
    return capability is not None and capability.supported is True


def _began_without(conversation: Conversation) -> bool:
    """Its first turn has no thinking in it: with a budget, the vendor lets none begin later."""
    first = next((said for said in conversation.messages if isinstance(said, Heard)), None)
    return first is not None and not any(block.get("type") in _THOUGHT for block in first.wire)


_REMEDY = "see what LLM_MODEL, LLM_TRIAGE_MODEL, ANTHROPIC_API_KEY and ANTHROPIC_BASE_URL say"


def _system(conversation: Conversation) -> list[TextBlockParam]:
    """With the tools it comes first and never changes: from here back everything is cached."""
    return [{"type": "text", "text": conversation.system, "cache_control": _CACHED}]


def _tool(tool: Tool) -> ToolParam:
    return {"name": tool.name, "description": tool.description, "input_schema": tool.schema}


def _message(said: Said | Heard) -> MessageParam:
    if isinstance(said, Heard):
        return {"role": "assistant", "content": said.wire}
    results: list[ToolResultBlockParam] = [
        {
            "type": "tool_result",
            "tool_use_id": reply.call,
            "content": [{"type": "text", "text": framed(reply.piece)}],
            "is_error": reply.failed,
        }
        for reply in said.replies
    ]
    text = message(said)
    # The vendor wants every result before any text.
    return {"role": "user", "content": [*results, *([_text(text)] if text else [])]}


def _text(text: str) -> TextBlockParam:
    return {"type": "text", "text": text}


async def _arguments(stream: AsyncMessageStream[None], aloud: Say) -> dict[int, str]:
    """What was written as each tool's arguments, to the letter; what it thinks is said meanwhile.

    The library guesses at JSON that was cut off. Here it is read strictly, or not at all.
    """
    written: dict[int, str] = {}
    async for event in cast("AsyncIterator[Any]", stream):
        if event.type == "thinking":
            await aloud(event.thinking)
        if event.type == "content_block_delta" and event.delta.type == "input_json_delta":
            so_far = written.get(event.index, "") + event.delta.partial_json
            if len(so_far) > MOST_WRITTEN:
                raise ValueError("more arguments than any question has")
            written[event.index] = so_far
    return written


def _turn(final: Message, arguments: dict[int, str]) -> Turn:
    stop = _STOPS.get(final.stop_reason or "")
    if stop is None:
        raise ModelFailed(Unheard.BROKEN, "its answer stopped in the middle")
    calls = tuple(
        Call(block.id, block.name, arguments.get(index, json.dumps(block.input)))
        for index, block in enumerate(final.content)
        if block.type == "tool_use"
    )
    usage = final.usage
    return Turn(
        stop=stop,
        text="".join(block.text for block in final.content if block.type == "text"),
        calls=calls,
        heard=Heard([block.to_dict() for block in final.content]),
        usage=Usage(
            fresh=counted(usage.input_tokens),
            cache_written=counted(usage.cache_creation_input_tokens or 0),
            cache_read=counted(usage.cache_read_input_tokens or 0),
            out=counted(usage.output_tokens),
        ),
        detail=_category(final),
    )


def _category(final: Message) -> str:
    """Only a word of the vendor's list: what else it explains may quote anything."""
    category = final.stop_details.category if final.stop_details else None
    return category if category in _REFUSALS else ""
