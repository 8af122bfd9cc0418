"""PagerDuty's REST API: one account whose incidents have a status and notes.

It asks for a key, and for the address of a known user where something is written; it limits, turns
pages where a test says so, and fails when told to, before it does what it was asked or after.
"""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import jsonschema_rs
from tests.support.http_server import Answer, Request, Server, serving
from tests.support.pagerduty import HERE, reference

KEY, SENDER = "key-of-the-test", "vigil@example.org"
JSON = (("content-type", "application/json"),)
SERVICE = "PSHOP01"
STAMP = "2026-03-01T12:00:00Z"
CONTRACT = Path(__file__).parents[4] / "shared/contracts/pagerduty/rest.openapi.json"
Json = dict[str, Any]


class Fault(NamedTuple):
    """What the next request is answered instead; ``does``: it is done all the same."""

    answer: Answer
    does: bool = False
    method: str = ""
    """Only to requests of this method, once one comes; empty: to whatever comes next."""


class Exchange(NamedTuple):
    """A request that was understood, and its answer."""

    method: str
    template: str
    """Its path, as the contract writes it."""
    body: Json | None
    status: int
    answer: Json


def failing(status: int, *, wait: str = "", name: str = "retry-after") -> Answer:
    """As the API says that something went wrong."""
    error = {"error": {"message": "Something went wrong", "code": 2000}}
    waits = ((name, wait),) if wait else ()
    return Answer(status, json.dumps(error).encode(), (*JSON, *waits))


@dataclass
class Account:
    """What there is, what it was asked, and how it is to fail."""

    incidents: dict[str, Json] = field(default_factory=dict)
    notes: dict[str, list[Json]] = field(default_factory=dict)
    acknowledgement_timeout: int | None = 600
    page: int | None = None
    """Notes on one page; None: all at once, as the contract has it."""
    faults: list[Fault] = field(default_factory=list)
    always: Answer | None = None
    """What everything is answered until it is taken away."""
    exchanges: list[Exchange] = field(default_factory=list)
    resolutions: dict[str, str] = field(default_factory=dict)
    key_good_for: int | None = None
    """So many requests more; None: for ever."""

    def trigger(self, incident: str) -> None:
        """One more incident, of the one service."""
        self.notes[incident] = []
        self.incidents[incident] = {
            **reference("incident", incident, "[#1] Checkout is broken"),
            "type": "incident",
            "incident_number": len(self.incidents) + 1,
            "title": "Checkout is broken",
            "created_at": STAMP,
            "status": "triggered",
            "incident_key": f"key-{incident}",
            "service": reference("service", SERVICE, "Shop"),
            "urgency": "high",
        }

    def written(self, incident: str) -> list[str]:
        """What stands there, in order."""
        return [note["content"] for note in self.notes[incident]]

    def asked(self, method: str) -> int:
        """How often something was done by this method."""
        return sum(1 for each in self.exchanges if each.method == method)

    def __call__(self, request: Request) -> Answer:
        if self.always is not None:
            return self.always
        for fault in self.faults:
            if fault.method in {"", request.method}:
                self.faults.remove(fault)
                if fault.does:
                    self.answered(request)
                return fault.answer
        return self.answered(request)

    def answered(self, request: Request) -> Answer:
        if self.key_good_for == 0 or request.headers.get("authorization") != f"Token token={KEY}":
            return failing(401)
        if self.key_good_for is not None:
            self.key_good_for -= 1
        if "version=2" not in request.headers.get("accept", ""):
            return failing(406)
        if request.method != "GET" and request.headers.get("from") != SENDER:
            return failing(400)
        url = urlsplit(request.path)
        body = json.loads(request.body) if request.body else None
        for template, pattern in ROUTES.items():
            if found := pattern.fullmatch(url.path):
                status, answer = self._at(template, found[1], request.method, body, url.query)
                if status == 200:
                    known = Exchange(request.method, template, body, status, answer)
                    self.exchanges.append(known)
                return Answer(status, json.dumps(answer).encode(), JSON)
        return failing(404)

    def _at(
        self, template: str, name: str, method: str, body: Json | None, query: str
    ) -> tuple[int, Json]:
        gone: Json = {"error": {"message": "Not Found", "code": 2100}}
        if template == "/services/{id}":
            service = {
                **reference("service", SERVICE, "Shop"),
                "type": "service",
                "name": "Shop",
                "acknowledgement_timeout": self.acknowledgement_timeout,
                "escalation_policy": reference("escalation_policy", "PPOLI01", "Default"),
            }
            return (200, {"service": service}) if name == SERVICE else (404, gone)
        if name not in self.incidents:
            return 404, gone
        if template == "/incidents/{id}":
            return self._incident(name, method, body)
        return self._note(name, method, body, query)

    def _incident(self, name: str, method: str, body: Json | None) -> tuple[int, Json]:
        incident = self.incidents[name]
        if method == "PUT":
            changed = (body or {})["incident"]
            if incident["status"] == "resolved" and changed["status"] == "resolved":
                return 400, {"error": {"message": "Incident Already Resolved", "code": 1001}}
            incident["status"] = changed["status"]
            incident["last_status_change_by"] = reference("user", "PVIGIL1", "Vigil")
            if "resolution" in changed:
                self.resolutions[name] = changed["resolution"]
        return 200, {"incident": incident}

    def _note(self, name: str, method: str, body: Json | None, query: str) -> tuple[int, Json]:
        notes = self.notes[name]
        if method == "GET":
            if self.page is None:
                return 200, {"notes": notes}
            at = int(parse_qs(query).get("offset", ["0"])[0])
            more = at + self.page < len(notes)
            return 200, {"notes": notes[at : at + self.page], "offset": at, "more": more}
        note = {
            "id": f"PNOTE{len(notes):02}",
            "user": reference("user", "PVIGIL1", "Vigil"),
            "channel": {"summary": "The PagerDuty website or APIs"},
            "content": (body or {})["note"]["content"],
            "created_at": STAMP,
        }
        notes.append(note)
        return 200, {"note": note}


ROUTES = {
    "/incidents/{id}": re.compile(r"/incidents/([A-Za-z0-9]+)"),
    "/incidents/{id}/notes": re.compile(r"/incidents/([A-Za-z0-9]+)/notes"),
    "/services/{id}": re.compile(r"/services/([A-Za-z0-9]+)"),
}


@cache
def _contract() -> Json:
    read: Json = json.loads(CONTRACT.read_text())
    return read


def against_contract(exchange: Exchange) -> list[str]:
    """What of it PagerDuty's own description of its API does not allow."""
    operation = _contract()["paths"][exchange.template][exchange.method.lower()]
    answer = operation["responses"][str(exchange.status)]["content"]["application/json"]["schema"]
    mistakes = _mistakes(answer, exchange.answer)
    if exchange.body is not None:
        asked = operation["requestBody"]["content"]["application/json"]["schema"]
        mistakes += _mistakes(asked, exchange.body)
    return mistakes


def _mistakes(schema: Json, value: object) -> list[str]:
    whole = {"components": _contract()["components"], "allOf": [schema]}
    found = jsonschema_rs.Draft202012Validator(whole).iter_errors(value)
    return [error.message[:300] for error in found]


@asynccontextmanager
async def running(account: Account) -> AsyncIterator[Server]:
    async with serving(account) as server:
        yield server


__all__ = ["CONTRACT", "HERE", "KEY", "SENDER", "Account", "Fault", "failing", "running"]
