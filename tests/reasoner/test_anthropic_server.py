"""The server that stands for Anthropic's, driven by the vendor's own library, nothing patched."""

import json
from typing import Any

import anthropic
import pytest
from anthropic import AsyncAnthropic
from tests.support.anthropic_moves import Failure, asks, refuses, says, thinks
from tests.support.anthropic_rules import CONTRACT, held_to
from tests.support.anthropic_server import (
    BUDGETED,
    KEY,
    PLAIN,
    THINKS,
    AnthropicServer,
    anthropic_api,
)

TOOL: Any = {
    "name": "look",
    "description": "Look.",
    "input_schema": {"type": "object", "properties": {"at": {"type": "string"}}},
}
CACHED: Any = {"type": "ephemeral"}


def client(api: AnthropicServer, key: str = KEY) -> AsyncAnthropic:
    return AsyncAnthropic(api_key=key, base_url=api.url, max_retries=0)


def asked(text: str = "Hello?", **more: object) -> Any:  # noqa: ANN401 - the library's own types
    system = [{"type": "text", "text": "Be careful. " * 50, "cache_control": CACHED}]
    messages = [{"role": "user", "content": text}]
    return {"model": THINKS, "max_tokens": 100, "system": system, "messages": messages, **more}


async def test_a_message_comes_whole_or_streamed() -> None:
    async with anthropic_api(says("Hello."), says("Hello.")) as api, client(api) as claude:
        whole = await claude.messages.create(**asked())
        async with claude.messages.stream(**asked()) as stream:
            streamed = await stream.get_final_message()
    assert whole.content[0].type == streamed.content[0].type == "text"
    assert whole.content[0].text == streamed.content[0].text == "Hello."
    assert whole.id != streamed.id
    assert streamed.stop_reason == "end_turn"
    assert api.broken == []


async def test_what_was_marked_is_read_from_the_cache_the_next_time() -> None:
    async with anthropic_api(says("One."), says("Two.")) as api, client(api) as claude:
        first = (await claude.messages.create(**asked())).usage
        second = (await claude.messages.create(**asked("And now?"))).usage
    assert first.cache_creation_input_tokens
    assert second.cache_read_input_tokens == first.cache_creation_input_tokens
    assert second.cache_creation_input_tokens == 0
    assert first.cache_read_input_tokens == 0


async def test_a_loop_of_tools_has_to_bring_back_what_was_said_and_answer_every_call() -> None:
    script = (thinks("I look.", asks(("look", {"at": "a"}), ("look", {"at": "b"}))), says("Done."))
    async with anthropic_api(*script) as api, client(api) as claude:
        first = await claude.messages.create(**asked(tools=[TOOL]))
        calls = [block for block in first.content if block.type == "tool_use"]
        assert [call.input for call in calls] == [{"at": "a"}, {"at": "b"}]
        results: Any = [
            {"type": "tool_result", "tool_use_id": call.id, "content": "seen"} for call in calls
        ]
        whole: Any = [*asked()["messages"], first.to_param()]

        async def go_on(*further: object) -> anthropic.types.Message:
            request: Any = {**asked(tools=[TOOL]), "messages": [*whole, *further]}
            message: anthropic.types.Message = await claude.messages.create(**request)
            return message

        for wrong in (
            {"role": "user", "content": results[:1]},
            {"role": "user", "content": [{"type": "text", "text": "Here:"}, *results]},
        ):
            with pytest.raises(anthropic.BadRequestError, match="tool_result"):
                await go_on(wrong)
        edited = {**first.to_dict(), "content": [*first.to_dict()["content"]][1:]}
        whole[-1] = {"role": "assistant", "content": edited["content"]}
        with pytest.raises(anthropic.BadRequestError, match="come back as they were sent"):
            await go_on({"role": "user", "content": results})
        whole[-1] = first.to_param()
        assert (await go_on({"role": "user", "content": results})).stop_reason == "end_turn"
    assert api.broken == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"extra_body": {"temperature": 1.0}}, "temperature"),
        ({"tools": [TOOL], "tool_choice": {"type": "any"}}, "tool_choice"),
        ({"model": PLAIN, "thinking": {"type": "adaptive"}}, "thinking"),
        ({"model": BUDGETED, "thinking": {"type": "adaptive"}}, "thinking"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "thinking"),
        (
            {"model": BUDGETED, "thinking": {"type": "enabled", "budget_tokens": 1023}},
            "budget_tokens",
        ),
        ({"messages": [{"role": "assistant", "content": []}]}, "prefill"),
    ],
)
async def test_what_the_api_no_longer_takes_is_a_400(more: dict[str, Any], said: str) -> None:
    async with anthropic_api(says("Never.")) as api, client(api) as claude:
        with pytest.raises(anthropic.BadRequestError, match=said):
            await claude.messages.create(**asked(**more))


async def test_keys_models_and_errors_are_those_of_the_vendor() -> None:
    limited = Failure(429, "rate_limit_error", headers=(("retry-after", "120"),), code="x_y")
    async with anthropic_api(limited) as api:
        async with client(api, key="another") as stranger:
            with pytest.raises(anthropic.AuthenticationError):
                await stranger.messages.create(**asked())
        async with client(api) as claude:
            with pytest.raises(anthropic.NotFoundError):
                await claude.messages.create(**asked(model="claude-9"))
            with pytest.raises(anthropic.RateLimitError) as caught:
                await claude.messages.create(**asked())
            info = await claude.models.retrieve(THINKS)
    assert caught.value.error_code == "x_y"
    assert caught.value.response.headers["retry-after"] == "120"
    assert info.capabilities
    assert info.capabilities.thinking.types.adaptive.supported
    assert api.broken == []


async def test_a_refusal_says_its_category() -> None:
    async with (
        anthropic_api(refuses("cyber")) as api,
        client(api) as claude,
        claude.messages.stream(**asked()) as stream,
    ):
        refused = await stream.get_final_message()
    assert refused.stop_reason == "refusal"
    assert refused.stop_details
    assert refused.stop_details.category == "cyber"


NEEDS_THE_SCHEMAS = pytest.mark.skipif(
    not CONTRACT.is_dir(), reason="the vendor's schemas are not beside this checkout"
)
SCHEMAS = (
    "message-create.request.schema.json",
    "message.response.schema.json",
    "stream-event.schema.json",
    "model-info.schema.json",
    "error.response.schema.json",
)


@NEEDS_THE_SCHEMAS
@pytest.mark.parametrize("schema", SCHEMAS)
async def test_what_goes_over_the_wire_is_held_to_the_vendors_schema(schema: str) -> None:
    """Each that is skipped here is one that no test of this project holds anything to."""
    async with anthropic_api(thinks("I look.", says("Hello.")), refuses()) as api:
        async with client(api) as claude:
            for _ in range(2):
                async with claude.messages.stream(**asked()) as stream:
                    await stream.get_final_message()
            await claude.models.retrieve(THINKS)
            with pytest.raises(anthropic.NotFoundError):
                await claude.models.retrieve("claude-9")
        assert api.held.keys() == set(SCHEMAS)
        assert api.held[schema] > 0
        assert [each for each in api.broken if each.startswith(schema)] == []
        assert held_to(schema, {"type": "nothing of the kind"})


@NEEDS_THE_SCHEMAS
def test_the_schemas_would_notice() -> None:
    """A yardstick that everything passes is none: the vendor's own recordings pass, others not."""
    recorded = [
        json.loads(path.read_text()) for path in sorted((CONTRACT / "recorded").glob("*.json"))
    ]
    bodies = [exchange["response"]["body"] for each in recorded for exchange in each]
    assert bodies
    assert [held_to("message.response.schema.json", body) for body in bodies] == [[]] * len(bodies)
    assert held_to("message.response.schema.json", {**bodies[0], "usage": None})
    assert held_to("error.response.schema.json", {"type": "error", "error": {"type": "mine"}})
