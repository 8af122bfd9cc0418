"""Datadog's end of a webhook: monitors whose groups turn, a template that is filled in, retries.

What is said here of the vendor's behaviour is from its public documentation: names with a dollar
are replaced in the template; another try after a 5xx and where nobody could be reached, five times,
and none after a 4xx; nothing is promised of the order.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

import httpx2

ACK_S = 15.0
MOST_TRIES = 5
TYPES = {"Recovered": "success", "Warn": "warning", "Re-Warn": "warning"}
"""Of the event, by its transition; the others are errors."""


@dataclass
class Datadog:
    """One account with one webhook and one monitor, whose groups are told apart by their scope."""

    url: str
    now: Callable[[], datetime]
    payload: str
    secret: str = ""
    escapes: bool = True
    """Whether a text is written as JSON has it; else as it is, whatever it holds."""
    title: str = "CheckoutErrors"
    tags: str = "env:prod,monitor,service:web"
    priority: str = "P2"
    cycles: dict[str, str] = field(default_factory=dict)
    queue: list[bytes] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    lost: list[bytes] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def turn(self, transition: str, scope: str = "service:web", **unlike: str | None) -> bytes:
        """A notification; ``unlike`` gives variables another value, or none at all."""
        number = next(self._numbers)
        cycle = self.cycles.setdefault(scope, f"82{number:014}")
        if transition == "Recovered":
            del self.cycles[scope]
        values: dict[str, str | None] = {
            "ID": f"73{number:017}",
            "ALERT_CYCLE_KEY": cycle,
            "ALERT_TRANSITION": transition,
            "ALERT_TYPE": TYPES.get(transition, "error"),
            "ALERT_PRIORITY": self.priority,
            "ALERT_ID": "1234",
            "DATE": str(int(self.now().timestamp() * 1000)),
            "ORG_ID": "11023",
            "ALERT_SCOPE": scope,
            "HOSTNAME": None,
            "TAGS": self.tags,
            "EVENT_TITLE": f"[{transition} on {{{scope}}}] {self.title}",
            **unlike,
        }
        self.queue.append(self._filled(values).encode())
        return self.queue[-1]

    async def deliver(self) -> list[int]:
        """Send what is queued; the answers' status, 504 for none."""
        answers: list[int] = []
        async with httpx2.AsyncClient(trust_env=False, timeout=ACK_S) as client:
            while self.queue:
                body = self.queue.pop(0)
                for _ in range(MOST_TRIES):
                    answers.append(await self._attempt(client, body))
                    if answers[-1] < httpx2.codes.INTERNAL_SERVER_ERROR:
                        break
                good = httpx2.codes.is_success(answers[-1])
                (self.sent if good else self.lost).append(body)
        return answers

    async def _attempt(self, client: httpx2.AsyncClient, body: bytes) -> int:
        headers = {"authorization": f"Bearer {self.secret}", "content-type": "application/json"}
        try:
            return (await client.post(self.url, content=body, headers=headers)).status_code
        except httpx2.TransportError:
            return int(httpx2.codes.GATEWAY_TIMEOUT)

    def _filled(self, values: Mapping[str, str | None]) -> str:
        def value(found: re.Match[str]) -> str:
            text = values.get(found[1])
            if text is None:
                return found[0]
            return json.dumps(text)[1:-1] if self.escapes else text

        return re.sub(r"\$([A-Z_]+)", value, self.payload)
