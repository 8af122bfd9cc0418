"""Anthropic's Messages API as a real HTTP server: one account, its models, cache and limits.

It speaks the vendor's wire format, streamed and whole, and keeps state as the vendor does: ids,
what was said (it must come back unchanged), what is cached, what was used. What the model says is
a script that the test writes. What it does and refuses is from the vendor's documentation.
"""

import asyncio
import gzip
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.support.anthropic_moves import (
    Answer,
    Broken,
    Failure,
    Json,
    Move,
    Numbers,
    Raw,
    Script,
    content,
    events,
)
from tests.support.anthropic_rules import VERSION, held_to, mistakes
from tests.support.http_server import Request, read_request

KEY = "sk-ant-api03-made-up-for-tests"
CHARACTERS_A_TOKEN = 4
THINKS, PLAIN, BUDGETED = "claude-sonnet-5-5", "claude-haiku-5-5", "claude-haiku-4-5"
LEAST_BUDGET = 1024
NOT_FOUND = Failure(404, "not_found_error", "model: no such model")


@dataclass
class AnthropicServer:
    """``script`` is taken from the front, one move a request; when it is empty, ``otherwise``."""

    script: list[Script] = field(default_factory=list)
    otherwise: Script = field(default_factory=lambda: Failure(500, "api_error", "no script"))
    url: str = ""
    key: str = KEY
    models: dict[str, str | None] = field(
        default_factory=lambda: {THINKS: "adaptive", PLAIN: None, BUDGETED: "enabled"}
    )
    """By id, in which way it thinks."""
    lifecycle: str = "active"
    about: Raw | None = None
    """What it says of any model instead."""
    unwell: list[Failure] = field(default_factory=list)
    """What it says first, one a question after a model."""
    most_input: int = 1_000_000
    bodies: list[Json] = field(default_factory=list)
    """Of the messages that were asked for, the refused ones included."""
    raw: list[Request] = field(default_factory=list)
    said: dict[str, Json] = field(default_factory=dict)
    """Every message that was answered, by its id."""
    billed: Json = field(default_factory=lambda: {"in": 0, "out": 0, "written": 0, "read": 0})
    broken: list[str] = field(default_factory=list)
    """What of requests and answers is against the vendor's schemas; a test holds it empty."""
    held: Counter[str] = field(default_factory=Counter)
    """How much was held to each of them."""
    _numbers: Numbers = field(default_factory=Numbers)
    _cached: set[str] = field(default_factory=set)

    def answer(self, request: Request) -> tuple[Move, Json]:
        """What is done with a request, and the message or error that it is done with."""
        self.raw.append(request)
        request_id = self._numbers.next("req")
        body: Json = json.loads(request.body) if request.body else {}
        move = self._refused(request, body) or self._move(request, body)
        if isinstance(move, Failure):
            error = move.body(request_id)
            self._hold("error.response.schema.json", error)
            return move, error
        if isinstance(move, Answer):
            return move, self._message(move, body)
        return move, {}

    def _refused(self, request: Request, body: Json) -> Failure | None:
        given = request.headers.get("x-api-key") or request.headers.get(
            "authorization", ""
        ).removeprefix("Bearer ")
        if given != self.key:
            return Failure(401, "authentication_error", "invalid x-api-key")
        if request.headers.get("anthropic-version") != VERSION:
            return Failure(400, "invalid_request_error", "anthropic-version: not valid")
        if request.method == "POST":
            self.bodies.append(body)
            # The schema is of the request that is not streamed; the other differs in this word.
            self._hold("message-create.request.schema.json", {**body, "stream": False})
            if body.get("model") not in self.models:
                return NOT_FOUND
            found = [*mistakes(body, self.said), *self._thinking(body)]
            if found:
                return Failure(400, "invalid_request_error", "; ".join(found))
        return None

    def _thinking(self, body: Json) -> Iterator[str]:
        if "thinking" not in body:
            return
        asked, way = body["thinking"], self.models[body["model"]]
        if asked["type"] != way:
            yield f"thinking: {asked['type']} thinking is not supported on this model"
        elif way == "enabled":
            if not LEAST_BUDGET <= asked["budget_tokens"] < body["max_tokens"]:
                yield "thinking.budget_tokens: at least 1024, and less than max_tokens"
            said = [each for each in body["messages"] if each["role"] == "assistant"]
            if said and said[0]["content"][0]["type"] != "thinking":
                yield "messages: expected thinking as the first block, where thinking is enabled"

    def _move(self, request: Request, body: Json) -> Move:
        if request.method == "GET" and self.unwell:
            return self.unwell.pop(0)
        if request.method == "GET" and self.about is not None:
            return self.about
        if request.method == "GET":
            return self._about(request.path.rpartition("/")[2])
        script = self.script.pop(0) if self.script else self.otherwise
        return script if isinstance(script, Answer | Failure | Raw | Broken) else script(body)

    def _about(self, model: str) -> Raw | Failure:
        if model not in self.models:
            return NOT_FOUND
        info = model_info(model, self.lifecycle, thinks=self.models[model])
        self._hold("model-info.schema.json", info)
        return Raw(json.dumps(info).encode(), (("content-type", "application/json"),))

    def _message(self, answer: Answer, body: Json) -> Json:
        blocks = content(answer, self._numbers)
        refusal = {"type": "refusal", "category": answer.category, "explanation": None}
        message: Json = {
            "id": self._numbers.next("msg"),
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": blocks,
            "stop_reason": answer.stop,
            "stop_sequence": None,
            "stop_details": refusal if answer.stop == "refusal" else None,
            "usage": self._usage(body, blocks),
        }
        self.said[message["id"]] = message
        self._hold("message.response.schema.json", message)
        return message

    def _usage(self, body: Json, blocks: list[Json]) -> Json:
        """Up to the last breakpoint a prompt is read from the cache, or written to it."""
        prefixes = list(_prefixes(body))
        marked = [size for size, text, marks in prefixes if marks]
        read = max((size for size, text, _ in prefixes if text in self._cached), default=0)
        self._cached |= {text for _, text, marks in prefixes if marks}
        whole, last = prefixes[-1][0], max(marked, default=0)
        usage = {
            "input_tokens": whole - max(last, read),
            "cache_creation_input_tokens": max(last - read, 0),
            "cache_read_input_tokens": read,
            "output_tokens": max(_tokens(blocks), 1),
        }
        self.billed["in"] += usage["input_tokens"]
        self.billed["written"] += usage["cache_creation_input_tokens"]
        self.billed["read"] += usage["cache_read_input_tokens"]
        self.billed["out"] += usage["output_tokens"]
        return {**usage, "service_tier": "standard"}

    def _hold(self, schema: str, value: object) -> None:
        self.held[schema] += 1
        self.broken += [f"{schema}: {mistake}" for mistake in held_to(schema, value)]

    def stream(self, answer: Answer, message: Json) -> Iterator[bytes]:
        for number, event in enumerate(events(answer, message)):
            if number == answer.cut_after:
                return
            if event["type"] != "ping":
                self._hold("stream-event.schema.json", event)
            yield f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def _tokens(value: object) -> int:
    return len(json.dumps(value)) // CHARACTERS_A_TOKEN


def _prefixes(body: Json) -> Iterator[tuple[int, str, bool]]:
    """The prompt up to each place that can be cached: tokens, itself, and whether it is marked."""
    so_far = json.dumps([body["model"], body.get("tools"), body.get("system")])
    yield len(so_far) // CHARACTERS_A_TOKEN, so_far, "cache_control" in json.dumps(body["system"])
    for number, message in enumerate(body["messages"], start=1):
        so_far += json.dumps(message)
        last = number == len(body["messages"]) and "cache_control" in body
        yield len(so_far) // CHARACTERS_A_TOKEN, so_far, last


def model_info(model: str, lifecycle: str, *, thinks: str | None) -> Json:
    def can(*, supported: bool) -> Json:
        return {"supported": supported}

    yes, no = can(supported=True), can(supported=False)
    kinds = {way: can(supported=way == thinks) for way in ("adaptive", "enabled")}
    kinds["disabled"] = yes
    return {
        "id": model,
        "type": "model",
        "display_name": model.replace("-", " ").title(),
        "created_at": "2026-09-01T00:00:00Z",
        "lifecycle": lifecycle,
        "line": None,
        "max_input_tokens": 1_000_000,
        "max_tokens": 128_000,
        "deprecated_at": None,
        "retires_at": None,
        "capabilities": {
            **dict.fromkeys(("batch", "citations", "code_execution", "image_input"), no),
            **dict.fromkeys(("pdf_input", "structured_outputs"), yes),
            "context_management": {"supported": False},
            "effort": {"supported": False, **dict.fromkeys(_EFFORTS, no)},
            "server_tools": {"supported": False, "code_execution": no, "web_search": no},
            "thinking": {"supported": thinks is not None, "types": {**kinds, "between_tools": no}},
        },
    }


_EFFORTS = ("low", "medium", "high", "xhigh", "max")


@asynccontextmanager
async def anthropic_api(*script: Script) -> AsyncIterator[AnthropicServer]:
    """A server on a free port of loopback."""
    api = AnthropicServer(script=list(script))
    open_ones: set[asyncio.StreamWriter] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ones.add(writer)
        try:
            while (request := await read_request(reader)) is not None:
                await _write(api, writer, request)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client hung up, or the test is over
        finally:
            open_ones.discard(writer)
            writer.transport.abort()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    api.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield api
    finally:
        server.close()
        for writer in tuple(open_ones):
            writer.transport.abort()
        await asyncio.sleep(0)


async def _write(api: AnthropicServer, writer: asyncio.StreamWriter, request: Request) -> None:
    move, said = api.answer(request)
    if isinstance(move, Broken):
        raise ConnectionError
    if isinstance(move, Failure):
        await _whole(writer, move.status, said, move.headers)
    elif isinstance(move, Raw):
        await _raw(writer, move)
    elif not api.bodies[-1].get("stream"):
        await _whole(writer, 200, said, ())
    else:
        await _streamed(api, writer, move, said)


async def _whole(
    writer: asyncio.StreamWriter, status: int, said: Json, more: Sequence[tuple[str, str]]
) -> None:
    body = json.dumps(said).encode()
    request_id = str(said.get("request_id", "req_1"))
    headers = (("content-type", "application/json"), ("request-id", request_id), *more)
    await _head(writer, status, (*headers, ("content-length", str(len(body)))))
    writer.write(body)
    await writer.drain()


async def _raw(writer: asyncio.StreamWriter, move: Raw) -> None:
    headers = dict(move.headers)
    body = gzip.compress(move.body) if headers.get("content-encoding") == "gzip" else move.body
    if move.repeat == 1:
        headers["content-length"] = str(len(body))
    else:
        headers["connection"] = "close"
    await _head(writer, move.status, tuple(headers.items()))
    for _ in range(move.repeat):
        writer.write(body)
        await writer.drain()
        await asyncio.sleep(move.pause_s)
    if move.repeat != 1:
        raise ConnectionError


async def _streamed(
    api: AnthropicServer, writer: asyncio.StreamWriter, move: Answer, said: Json
) -> None:
    await asyncio.sleep(move.wait_s)
    headers = (("content-type", "text/event-stream"), ("transfer-encoding", "chunked"))
    await _head(writer, 200, (*headers, ("request-id", "req_01stream")))
    for event in api.stream(move, said):
        await asyncio.sleep(move.pause_s)
        await _chunk(writer, event)
    if move.then:
        await _chunk(writer, move.then)
    elif move.cut_after is not None:
        raise ConnectionError
    await _chunk(writer, b"")


async def _chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
    await writer.drain()


async def _head(
    writer: asyncio.StreamWriter, status: int, headers: Sequence[tuple[str, str]]
) -> None:
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in headers)]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    await writer.drain()
