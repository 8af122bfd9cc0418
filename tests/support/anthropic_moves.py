"""What a scripted Claude does at its turn: answers block by block, or fails, in every known way."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """A message, and how it comes over the wire."""

    blocks: tuple[Json, ...]
    stop: str = "end_turn"
    category: str | None = None
    """Of a refusal."""
    wait_s: float = 0.0
    """Before the first byte."""
    pause_s: float = 0.0
    """Before each event."""
    cut_after: int | None = None
    """Events after which the connection is dropped, or, with ``then``, that is sent and no more."""
    then: bytes = b""


@dataclass(frozen=True)
class Failure:
    """An error in the vendor's form, instead of an answer or, with ``after``, in the middle."""

    status: int
    kind: str
    message: str = "something was wrong"
    headers: tuple[tuple[str, str], ...] = ()
    code: str | None = None

    def body(self, request_id: str) -> Json:
        details = {} if self.code is None else {"details": {"error_code": self.code}}
        error = {"type": self.kind, "message": self.message, **details}
        return {"type": "error", "error": error, "request_id": request_id}


@dataclass(frozen=True)
class Raw:
    """Bytes that are no answer of this API; ``repeat`` of them, with no end said beforehand."""

    body: bytes
    headers: tuple[tuple[str, str], ...] = (("content-type", "text/event-stream"),)
    status: int = 200
    repeat: int = 1
    pause_s: float = 0.0


@dataclass(frozen=True)
class Broken:
    """No answer at all: the connection is closed after the request was read."""


Move = Answer | Failure | Raw | Broken
Script = Move | Callable[[Json], Move]
"""What is done at a turn, or how it follows from what was asked."""


def says(text: str) -> Answer:
    return Answer(({"type": "text", "text": text},))


def writes(answer: object) -> Answer:
    """JSON, as a model does that is held to a form."""
    return says(json.dumps(answer))


def thinks(text: str, then: Answer) -> Answer:
    block = {"type": "thinking", "thinking": text, "signature": "c2lnbmVk" + str(len(text))}
    return Answer((block, *then.blocks), stop=then.stop)


def asks(*calls: tuple[str, Json]) -> Answer:
    """Calls of tools; two items each: the name and the arguments."""
    blocks = tuple({"type": "tool_use", "name": name, "input": given} for name, given in calls)
    return Answer(blocks, stop="tool_use")


def asks_raw(name: str, written: str, stop: str = "tool_use") -> Answer:
    """A call whose arguments are written so, whether that is JSON or not."""
    return Answer(({"type": "tool_use", "name": name, "written": written},), stop=stop)


def refuses(category: str | None = "cyber") -> Answer:
    return Answer(({"type": "text", "text": ""},), stop="refusal", category=category)


@dataclass
class Numbers:
    """Ids that a server gives out, each once."""

    made: int = 0

    def next(self, prefix: str) -> str:
        self.made += 1
        return f"{prefix}_01{self.made:022d}"


def content(answer: Answer, numbers: Numbers) -> list[Json]:
    """Its blocks as they stand in a whole message."""
    found: list[Json] = []
    for block in answer.blocks:
        if block["type"] == "tool_use":
            given = block["input"] if "input" in block else _object(block["written"])
            head = {"type": "tool_use", "id": numbers.next("toolu"), "name": block["name"]}
            found.append({**head, "input": given, "caller": {"type": "direct"}})
        else:
            found.append(dict(block))
    return found


def _object(written: str) -> Json:
    """What was written, where it is an object; what else a client makes of it is its own affair."""
    try:
        found = json.loads(written)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def events(answer: Answer, message: Json) -> Iterator[Json]:
    """A message as the events of a stream; ``message`` is whole."""
    usage = {**message["usage"], "output_tokens": 1}
    started = {**message, "content": [], "stop_reason": None, "stop_details": None, "usage": usage}
    yield {"type": "message_start", "message": started}
    yield {"type": "ping"}
    for index, block in enumerate(message["content"]):
        yield from _block_events(index, block, answer.blocks[index].get("written"))
    yield {
        "type": "message_delta",
        "delta": {key: message[key] for key in ("stop_reason", "stop_sequence", "stop_details")},
        "usage": {"output_tokens": message["usage"]["output_tokens"]},
    }
    yield {"type": "message_stop"}


_EMPTY: dict[str, Json] = {
    "text": {"text": ""},
    "thinking": {"thinking": "", "signature": ""},
    "tool_use": {"input": {}},
}


def _block_events(index: int, block: Json, written: str | None) -> Iterator[Json]:
    start = {**block, **_EMPTY[block["type"]]}
    yield {"type": "content_block_start", "index": index, "content_block": start}
    for delta in _deltas(block, written):
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def _deltas(block: Json, written: str | None) -> Iterator[Json]:
    if block["type"] == "text":
        yield from ({"type": "text_delta", "text": part} for part in _parts(block["text"]))
    elif block["type"] == "thinking":
        for part in _parts(block["thinking"]):
            yield {"type": "thinking_delta", "thinking": part}
        yield {"type": "signature_delta", "signature": block["signature"]}
    else:
        text = json.dumps(block["input"]) if written is None else written
        yield {"type": "input_json_delta", "partial_json": ""}
        yield from ({"type": "input_json_delta", "partial_json": part} for part in _parts(text))


def _parts(text: str) -> Iterator[str]:
    """In pieces of a few words; of a long text there are no more than fifty."""
    size = max(40, len(text) // 50)
    yield from (text[at : at + size] for at in range(0, len(text), size))
