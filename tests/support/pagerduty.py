"""PagerDuty's end of a webhook subscription: incidents with a state, signed deliveries, retries.

What is said here of the vendor's behaviour is from its public documentation: at least once, in
order; another try after a timeout, a 429 or a 5xx, with the same webhook id; any other 4xx drops
the message, and three of them in a row turn the subscription off.
"""

import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import count
from typing import Any, NamedTuple

import httpx2

ACK_S = 5.0
"""Seconds in which an answer must come."""
DROPS_UNTIL_OFF = 3
HERE = "https://acme.pagerduty.example"
API = "https://api.pagerduty.example"


class Message(NamedTuple):
    """One delivery; every attempt at it sends the same id and the same bytes."""

    webhook_id: str
    body: bytes


def signature(body: bytes, *secrets: str) -> str:
    """One version 1 signature for each secret of the subscription."""
    digests = [hmac.new(one.encode(), body, sha256).hexdigest() for one in secrets]
    return ",".join(f"v1={digest}" for digest in digests)


def reference(kind: str, number: str, summary: str) -> dict[str, str]:
    """How an object speaks of another one."""
    return {
        "html_url": f"{HERE}/{kind}s/{number}",
        "id": number,
        "self": f"{API}/{kind}s/{number}",
        "summary": summary,
        "type": f"{kind}_reference",
    }


@dataclass
class PagerDuty:
    """One account with one service and one webhook subscription."""

    url: str
    now: Callable[[], datetime]
    secrets: tuple[str, ...]
    service: str = "Shop (production)"
    incidents: dict[str, dict[str, Any]] = field(default_factory=dict)
    queue: list[Message] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)
    dropped: int = 0
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def off(self) -> bool:
        """Whether too many messages in a row were refused."""
        return self.dropped >= DROPS_UNTIL_OFF

    def trigger(self, title: str, **more: object) -> str:
        """A new incident; says its id."""
        number = next(self._numbers)
        incident: dict[str, Any] = {
            "id": f"Q{number:05}",
            "type": "incident",
            "self": f"{API}/incidents/Q{number:05}",
            "html_url": f"{HERE}/incidents/Q{number:05}",
            "number": number,
            "status": "triggered",
            "incident_key": f"key-{number}",
            "created_at": self._stamp(),
            "title": title,
            "service": reference("service", "PSHOP01", self.service),
            "assignees": [reference("user", "PUSER01", "Somebody")],
            "escalation_policy": reference("escalation_policy", "PPOLI01", "Default"),
            "teams": [],
            "priority": None,
            "urgency": "high",
            "conference_bridge": None,
            "resolve_reason": None,
        }
        self.incidents[incident["id"]] = incident | more
        self.tell("incident.triggered", self.incidents[incident["id"]])
        return str(incident["id"])

    def acknowledge(self, incident: str) -> None:
        self._move(incident, "acknowledged", "incident.acknowledged")

    def resolve(self, incident: str, **more: object) -> None:
        self._move(incident, "resolved", "incident.resolved", **more)

    def reopen(self, incident: str) -> None:
        self._move(incident, "triggered", "incident.reopened", reopened_at=self._stamp())

    def reassign(self, incident: str, *people: str) -> None:
        assignees = [reference("user", f"PUSER{n:02}", name) for n, name in enumerate(people)]
        moved = self.incidents[incident] | {"assignees": assignees}
        self.incidents[incident] = moved
        self.tell("incident.reassigned", moved)

    def merge(self, incident: str, into: str) -> None:
        """The first is resolved, and goes on as the other."""
        title = str(self.incidents[into]["title"])
        other = reference("incident", into, title)
        self.resolve(incident, resolve_reason={"type": "merge_resolve_reason", "incident": other})

    def annotate(self, incident: str, text: str) -> None:
        about = reference("incident", incident, str(self.incidents[incident]["title"]))
        note = {"incident": about, "id": f"N{next(self._numbers)}", "content": text}
        self.tell("incident.annotated", note | {"trimmed": False, "type": "incident_note"})

    def tell(self, kind: str, data: object) -> Message:
        """Queue an event of any type."""
        number = next(self._numbers)
        event = {
            "id": f"01EVENT{number:019}",
            "event_type": kind,
            "resource_type": kind.partition(".")[0],
            "occurred_at": self._stamp(),
            "agent": reference("user", "PUSER01", "Somebody"),
            "client": None,
            "data": data,
        }
        message = Message(f"webhook-{number:06}", json.dumps({"event": event}).encode())
        self.queue.append(message)
        return message

    async def deliver(self) -> list[int]:
        """Send what is queued, up to the first that has to be tried again; the answers' status."""
        answers: list[int] = []
        async with httpx2.AsyncClient(trust_env=False, timeout=ACK_S) as client:
            while self.queue and not self.off:
                answers.append(status := await self.attempt(client, self.queue[0]))
                if status == httpx2.codes.TOO_MANY_REQUESTS or status >= httpx2.codes(500):
                    break
                self.sent.append(self.queue.pop(0))
                good = httpx2.codes.is_success(status)
                self.dropped = 0 if good else self.dropped + 1
        if self.off:
            self.queue.clear()
        return answers

    async def attempt(self, client: httpx2.AsyncClient, message: Message) -> int:
        """Send one message once, whatever was queued; 504 for no answer in time."""
        headers = {
            "content-type": "application/json",
            "user-agent": "PagerDuty-Webhook/V3.0",
            "x-webhook-id": message.webhook_id,
            "x-webhook-subscription": "PSUBS01",
            "x-pagerduty-signature": signature(message.body, *self.secrets),
        }
        try:
            return (await client.post(self.url, content=message.body, headers=headers)).status_code
        except httpx2.TransportError:
            return int(httpx2.codes.GATEWAY_TIMEOUT)

    def _move(self, incident: str, status: str, kind: str, **more: object) -> None:
        moved = self.incidents[incident] | {"status": status} | more
        self.incidents[incident] = moved
        self.tell(kind, moved)

    def _stamp(self) -> str:
        return self.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
