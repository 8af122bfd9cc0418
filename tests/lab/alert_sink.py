"""A place that takes alerts over real HTTP, as Vigil would."""

import hashlib
import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PAGERDUTY = "/webhooks/pagerduty"


@dataclass(frozen=True)
class Received:
    """One delivery as it came."""

    raw: bytes
    headers: dict[str, str]

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.raw)["event"]
        return event

    def signed_with(self, secret: str) -> bool:
        """Whether PagerDuty's signature is there and of these very bytes."""
        by_hand = _hmac_by_hand(secret.encode(), self.raw)
        return self.headers.get("X-PagerDuty-Signature") == f"v1={by_hand}"


def _hmac_by_hand(secret: bytes, message: bytes) -> str:
    """RFC 2104, written out for keys of at most one block."""
    key = secret.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key) + message).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in key) + inner).hexdigest()


class AlertSink:
    """Takes Alertmanager's and PagerDuty's webhooks; what is in ``answers`` is answered first."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.tokens: set[str | None] = set()
        self.events: list[Received] = []
        self.attempts: list[Received] = []
        """Every delivery to PagerDuty's address, also those that were not taken."""
        self.answers: dict[str, list[int]] = {}
        """Statuses that are answered first, by path; such deliveries are not taken."""
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(sink.take(self.path, Received(raw, dict(self.headers))))
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Keep the test's output clean."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        root = f"http://127.0.0.1:{self._server.server_port}"
        self.url = f"{root}/webhooks/alertmanager"
        self.pagerduty_url = f"{root}{PAGERDUTY}"

    def take(self, path: str, received: Received) -> int:
        if path == PAGERDUTY:
            self.attempts.append(received)
        if self.answers.get(path):
            return self.answers[path].pop(0)
        if path == PAGERDUTY:
            self.events.append(received)
        else:
            self.bodies.append(json.loads(received.raw))
            self.tokens.add(received.headers.get("Authorization"))
        return 202

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def statuses(self) -> list[str]:
        return [body["status"] for body in self.bodies]

    def kinds(self) -> list[str]:
        """The types of PagerDuty's events, in order."""
        return [received.event["event_type"] for received in self.events]
