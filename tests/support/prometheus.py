"""The part of Prometheus that answers instant queries, as real HTTP over samples that a test sets.

It knows ``name``, ``sum(name)`` and a number; the shapes of its answers are those of Prometheus 3.
"""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from tests.support.http_server import Answer, Request, serving

NOW = 1795464000.781


@dataclass
class Prometheus:
    """``samples``: by metric, the value of each series as Prometheus writes it."""

    url: str = ""
    token: str | None = None
    samples: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def answer(self, request: Request) -> Answer:
        if (
            self.token is not None
            and request.headers.get("authorization") != f"Bearer {self.token}"
        ):
            return Answer(status=401, body=b"Unauthorized\n")
        if request.path != "/api/v1/query":
            return Answer(status=404, body=b"404 page not found\n")
        query = parse_qs(request.body.decode())["query"][0]
        if re.fullmatch(r"[0-9.]+", query):
            return _success("scalar", [NOW, query])
        asked = re.fullmatch(r"(sum\()?([a-z_]+)(\[5m\])?\)?", query)
        if asked is None:
            return _error(400, "bad_data", 'invalid parameter "query": 1:5: parse error')
        values = self.samples.get(asked[2], ())
        if asked[3]:
            return _success("matrix", [{"metric": {}, "values": [[NOW, v]]} for v in values])
        if asked[1] and values:
            values = (f"{sum(map(float, values)):g}",)
        return _success(
            "vector", [{"metric": {"n": str(n)}, "value": [NOW, v]} for n, v in enumerate(values)]
        )


@asynccontextmanager
async def prometheus(token: str | None = None) -> AsyncIterator[Prometheus]:
    known = Prometheus(token=token)
    async with serving(known.answer) as server:
        known.url = server.url("")
        yield known


def _success(kind: str, result: object) -> Answer:
    said = {"status": "success", "data": {"resultType": kind, "result": result}}
    return Answer(body=json.dumps(said).encode())


def _error(status: int, kind: str, text: str) -> Answer:
    said = {"status": "error", "errorType": kind, "error": text}
    return Answer(status=status, body=json.dumps(said).encode())
