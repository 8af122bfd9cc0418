"""An endpoint that speaks as OpenAI does (chat completions), as a real HTTP server.

Streamed and whole, with the ids, the order and the refusals of that interface. What its model says
is a script that the test writes, in the same moves as for the other vendor.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
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
)
from tests.support.http_server import Request, read_request

KEY = "sk-made-up-for-tests"
MODEL = "qwen3-32b"
CHARACTERS_A_TOKEN = 4
PART = 400
"""Characters of one event."""
_REASONS = {
    "end_turn": "stop",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
    "max_tokens": "length",
}


@dataclass
class OpenAIServer:
    """``script`` is taken from the front, one move a request; when it is empty, ``otherwise``."""

    script: list[Script] = field(default_factory=list)
    otherwise: Script = field(default_factory=lambda: Failure(500, "server_error", "no script"))
    url: str = ""
    models: tuple[str, ...] = (MODEL,)
    counts: bool = True
    """Whether it says how many tokens there were; not every server does."""
    claims: int | None = None
    """What it says instead of how many there were."""
    listing: Raw | None = None
    """What it says instead of its list of models."""
    bodies: list[Json] = field(default_factory=list)
    raw: list[Request] = field(default_factory=list)
    _numbers: Numbers = field(default_factory=Numbers)
    _called: set[str] = field(default_factory=set)

    def answer(self, request: Request) -> Move:
        """What is done with a request."""
        self.raw.append(request)
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return Failure(401, "invalid_request_error", "wrong key", code="invalid_api_key")
        if request.method == "GET" and self.listing is not None:
            return self.listing
        if request.method == "GET":
            listed = {"object": "list", "data": [self._about(name) for name in self.models]}
            return Raw(json.dumps(listed).encode(), (("content-type", "application/json"),))
        body: Json = json.loads(request.body)
        self.bodies.append(body)
        if request.path != "/v1/chat/completions" or body.get("model") not in self.models:
            return Failure(404, "invalid_request_error", "no such model", code="model_not_found")
        if wrong := [*self._mistakes(body["messages"])]:
            return Failure(400, "invalid_request_error", "; ".join(wrong))
        script = self.script.pop(0) if self.script else self.otherwise
        return script if isinstance(script, Answer | Failure | Raw | Broken) else script(body)

    def _about(self, name: str) -> Json:
        return {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "me"}

    def _mistakes(self, messages: list[Json]) -> Iterator[str]:
        """Each call is answered, by its id, right after the message that made it."""
        if messages[0]["role"] != "system":
            yield "the first message is not the system's"
        open_ones: list[str] = []
        for each in messages:
            if each["role"] == "tool":
                if each["tool_call_id"] not in open_ones:
                    yield "a tool's message answers no call before it"
                open_ones = [one for one in open_ones if one != each["tool_call_id"]]
            elif open_ones:
                yield "an assistant's calls have to be followed by their answers"
            if each["role"] == "assistant":
                open_ones = [call["id"] for call in each.get("tool_calls", ())]
                if not set(open_ones) <= self._called:
                    yield "there was no such call"

    def stream(self, answer: Answer) -> Iterator[bytes]:
        """Chunks, then what was used, then the word that ends every stream."""
        said = self._numbers.next("chatcmpl")
        deltas = [{"role": "assistant", "content": ""}, *self._deltas(answer)]
        reason = _REASONS.get(answer.stop, answer.stop)
        chunks = [self._chunk(said, delta, None) for delta in deltas]
        chunks.append(self._chunk(said, {}, reason))
        if self.counts:
            chunks.append(
                {**self._chunk(said, {}, None), "choices": [], "usage": self._usage(answer)}
            )
        for number, chunk in enumerate(chunks):
            if number == answer.cut_after:
                return
            yield f"data: {json.dumps(chunk)}\n\n".encode()
        yield b"data: [DONE]\n\n"

    def _chunk(self, said: str, delta: Json, reason: str | None) -> Json:
        return {
            "id": said,
            "object": "chat.completion.chunk",
            "created": 1_700_000_000,
            "model": self.models[0],
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
        }

    def _deltas(self, answer: Answer) -> Iterator[Json]:
        calls = 0
        for block in answer.blocks:
            if block["type"] == "text":
                yield from ({"content": part} for part in _parts(block["text"]))
            elif block["type"] == "tool_use":
                yield from self._call(calls, block)
                calls += 1

    def _call(self, index: int, block: Json) -> Iterator[Json]:
        name = self._numbers.next("call")
        self._called.add(name)
        function = {"name": block["name"], "arguments": ""}
        head = {"index": index, "id": name, "type": "function", "function": function}
        yield {"tool_calls": [head]}
        written = block["written"] if "written" in block else json.dumps(block["input"])
        for part in _parts(written):
            yield {"tool_calls": [{"index": index, "function": {"arguments": part}}]}

    def _usage(self, answer: Answer) -> Json:
        read = len(json.dumps(self.bodies[-1])) // CHARACTERS_A_TOKEN
        out = len(json.dumps(answer.blocks)) // CHARACTERS_A_TOKEN
        if self.claims is not None:
            read = out = self.claims
        return {"prompt_tokens": read, "completion_tokens": out, "total_tokens": read + out}


def _parts(text: str) -> Iterator[str]:
    yield from (text[at : at + PART] for at in range(0, len(text), PART))


@asynccontextmanager
async def openai_api(*script: Script) -> AsyncIterator[OpenAIServer]:
    """A server on a free port of loopback."""
    api = OpenAIServer(script=list(script))
    open_ones: set[asyncio.StreamWriter] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ones.add(writer)
        try:
            while (request := await read_request(reader)) is not None:
                await _write(api, writer, api.answer(request))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client hung up, or the test is over
        finally:
            open_ones.discard(writer)
            writer.transport.abort()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    api.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield api
    finally:
        server.close()
        for writer in tuple(open_ones):
            writer.transport.abort()
        await asyncio.sleep(0)


async def _write(api: OpenAIServer, writer: asyncio.StreamWriter, move: Move) -> None:
    if isinstance(move, Broken):
        raise ConnectionError
    if isinstance(move, Failure):
        error = {"message": move.message, "type": move.kind, "param": None, "code": move.code}
        headers = (("content-type", "application/json"), *move.headers)
        await _send(writer, Raw(json.dumps({"error": error}).encode(), headers, move.status))
    elif isinstance(move, Raw):
        await _send(writer, move)
    else:
        await _stream(api, writer, move)


async def _send(writer: asyncio.StreamWriter, move: Raw) -> None:
    """Bytes as they are; many of them with no end said beforehand."""
    length = (("content-length", str(len(move.body))),) if move.repeat == 1 else ()
    await _head(writer, move.status, (*move.headers, *length))
    for _ in range(move.repeat):
        writer.write(move.body)
        await writer.drain()
        await asyncio.sleep(move.pause_s)
    if move.repeat != 1:
        raise ConnectionError


async def _stream(api: OpenAIServer, writer: asyncio.StreamWriter, move: Answer) -> None:
    await asyncio.sleep(move.wait_s)
    headers = (("content-type", "text/event-stream"), ("transfer-encoding", "chunked"))
    await _head(writer, 200, headers)
    for event in api.stream(move):
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
    writer: asyncio.StreamWriter, status: int, headers: tuple[tuple[str, str], ...]
) -> None:
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in headers)]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    await writer.drain()
