"""What Anthropic's API refuses of a request, as its documentation says; the SDK checks none of it.

Where the vendor's schemas are there, each request and each answer is held against them as well.
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

CONTRACT = Path(__file__).resolve().parents[3] / "shared" / "contracts" / "anthropic"
VERSION = "2026-10-21"
GONE = ("temperature", "top_p", "top_k")
MOST_BREAKPOINTS = 4

Json = dict[str, Any]


@cache
def _schema(name: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(json.loads((CONTRACT / name).read_text()))


def held_to(name: str, value: object) -> list[str]:
    """What of it the vendor's schema does not allow; nothing where the schema is not there.

    That nothing was held to it then is seen in ``test_anthropic_server.py``, as tests that skip.
    """
    if not CONTRACT.is_dir():
        return []
    return [error.message[:300] for error in _schema(name).iter_errors(value)]


def mistakes(body: Json, known: dict[str, Json]) -> Iterator[str]:
    """Why this request is a 400. ``known``: what was said, by the ids of its calls."""
    yield from (f"{name}: is no longer supported" for name in GONE if name in body)
    for name in ("model", "max_tokens", "messages"):
        if name not in body:
            yield f"{name}: field required"
    if any(_says_nothing(message["content"]) for message in body.get("messages", [])[:-1]):
        yield "messages: all messages must have non-empty content"
    if body.get("tool_choice", {}).get("type") in {"any", "tool"}:
        yield "tool_choice: forced tool use is not supported by this model"
    if _breakpoints(body) > MOST_BREAKPOINTS:
        yield "cache_control: too many breakpoints"
    messages = body.get("messages", [])
    if messages and messages[-1]["role"] == "assistant" and not _paused(messages[-1], known):
        yield "messages: this model does not support assistant message prefill"
    for said, following in zip(messages, [*messages[1:], None], strict=True):
        if said["role"] == "assistant":
            yield from _answered(said, following, known)


def _says_nothing(content: str | list[Json]) -> bool:
    return not content or any(
        block["type"] == "text" and not block["text"]
        for block in content
        if isinstance(block, dict)
    )


def _breakpoints(value: object) -> int:
    if isinstance(value, list):
        return sum(map(_breakpoints, value))
    if isinstance(value, dict):
        return ("cache_control" in value) + sum(map(_breakpoints, value.values()))
    return 0


def _paused(message: Json, known: dict[str, Json]) -> bool:
    return any(
        _same(each["content"], message["content"]) and each["stop_reason"] == "pause_turn"
        for each in known.values()
    )


def _same(said: list[Json], back: list[Json]) -> bool:
    """Arguments that were no JSON cannot come back as they were; everything else has to."""
    garbled = {block["id"] for block in said if block["type"] == "tool_use" and not block["input"]}
    kept = [{**block, "input": {}} if block.get("id") in garbled else block for block in back]
    return kept == said


def _answered(said: Json, following: Json | None, known: dict[str, Json]) -> Iterator[str]:
    """Each call has its result first in what follows; what was said comes back unchanged."""
    if not any(_same(each["content"], said["content"]) for each in known.values()):
        yield "messages: thinking and tool_use blocks must come back as they were sent"
    calls = [block["id"] for block in said["content"] if block["type"] == "tool_use"]
    if not calls:
        return
    blocks = following["content"] if following else []
    results = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
    if results != calls:
        yield "messages: tool_use ids were found without tool_result blocks immediately after"
    if any(block["type"] == "tool_result" for block in blocks[len(results) :]):
        yield "messages: tool_result blocks must come before any text"
