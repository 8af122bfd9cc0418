"""A vault of Skyflow's whose Detect finds words that a test names; its answers keep the contract.

It asks who is asking, counts its tokens anew in each answer, as the real one does, and keeps what
it was asked. A test may have it answer something else first: a status, or a body of its own.
"""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.http_server import Answer, Request, Server, serving

VAULT, BEARER = "vault-1", "bearer-of-the-test"
JSON = (("content-type", "application/json"),)


@dataclass
class Vault:
    """What it finds, what it answers first, and what it was asked."""

    finds: dict[str, str]
    """Entity type by the text that is one."""
    first: list[Answer] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    answered: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, request: Request) -> Answer:
        if self.first:
            return self.first.pop(0)
        if request.headers.get("authorization") != f"Bearer {BEARER}":
            return refused(401, "UNAUTHENTICATED")
        body = json.loads(request.body)
        if request.path != "/v1/detect/deidentify/string" or body["vault_id"] != VAULT:
            return refused(404, "NOT_FOUND")
        self.asked.append(body)
        self.answered.append(self.deidentified(body["text"], set(body["entity_types"])))
        return Answer(200, json.dumps(self.answered[-1]).encode(), JSON)

    def deidentified(self, text: str, types: set[str]) -> dict[str, Any]:
        counts: dict[str, int] = {}
        tokens: dict[str, str] = {}
        entities: list[dict[str, Any]] = []
        processed, at = "", 0
        for start, value in self._places(text, types):
            kind = self.finds[value]
            if value not in tokens:
                counts[kind] = counts.get(kind, 0) + 1
                tokens[value] = f"[{kind.upper()}_{counts[kind]}]"
            processed += text[at:start]
            location = {
                "start_index": start,
                "end_index": start + len(value),
                "start_index_processed": len(processed),
                "end_index_processed": len(processed) + len(tokens[value]),
            }
            processed += tokens[value]
            at = start + len(value)
            entities.append(
                {
                    "token": tokens[value],
                    "value": value,
                    "location": location,
                    "entity_type": kind,
                    "entity_scores": {kind: 0.98},
                }
            )
        return {
            "processed_text": processed + text[at:],
            "entities": entities,
            "word_count": len(text.split()),
            "character_count": len(text),
        }

    def _places(self, text: str, types: set[str]) -> Iterator[tuple[int, str]]:
        at = 0
        while at < len(text):
            value = next(
                (v for v, kind in self.finds.items() if kind in types and text.startswith(v, at)),
                None,
            )
            if value is not None:
                yield at, value
            at += len(value) if value else 1


def refused(status: int, name: str, *, retry_after: str = "") -> Answer:
    error = {"grpc_code": 13, "http_code": status, "http_status": name, "message": name}
    waits = (("retry-after", retry_after),) if retry_after else ()
    return Answer(status, json.dumps({"error": error}).encode(), (*JSON, *waits))


@asynccontextmanager
async def running(vault: Vault) -> AsyncIterator[Server]:
    async with serving(vault) as server:
        yield server
