"""``http.call REQUEST``: send a request that the service's owner has written down."""

import contextlib
import hashlib
import http.client
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from vigil.domain.verbs.http import HttpCallGrant, Request
from vigil.runner.ledger import Outcome
from vigil.runner.verbs.base import Asked, Deadline, NotDone, Refusal, Seen, Unfinished, covered
from vigil.runner.verbs.cut import cut_after
from vigil.runner.verbs.secret import secret_in

CONNECT_S = 5.0
MAX_ANSWER_BYTES = 64 * 1024
_PROXY_STATUSES = (http.HTTPStatus.BAD_GATEWAY, http.HTTPStatus.GATEWAY_TIMEOUT)
"""Said by somebody in between, who does not know either whether it was done."""


def bind(asked: Asked) -> "HttpCall":
    """A call, bound to its grant."""
    return HttpCall(asked.grant_of(HttpCallGrant), asked.arguments[0], asked.key)


class HttpCall:
    """See ``Operation`` for what is promised."""

    def __init__(self, grant: HttpCallGrant, name: str, key: str) -> None:
        self._grant = grant
        self._name = name
        self._key = f"vigil-{hashlib.sha256(key.encode()).hexdigest()[:40]}"

    def look(self) -> Seen:
        request = self._request()
        _headers(request, self._key)
        with _connected(request, CONNECT_S):
            pass  # Somebody is there; nothing was said.
        return {"would": f"send {request.shown}"}

    def done_since(self, before: Seen) -> Outcome | None:  # noqa: ARG002 - only the receiver knows
        if self._request().once:
            return None
        raise Unfinished(
            "the request was begun, and its receiver does not say whether it did it; it is not "
            "sent again"
        )

    def do(self, before: Seen, deadline: Deadline) -> Outcome:  # noqa: ARG002 - nothing to compare
        request = self._request()
        headers = _headers(request, self._key)
        body = None if request.body is None else json.dumps(request.body).encode()
        where = urlsplit(request.url)
        path = f"{where.path or '/'}{f'?{where.query}' if where.query else ''}"
        with _connected(request, min(CONNECT_S, deadline.left_s)) as connection:
            number = connection.sock.fileno()
            deadline.last_moment()
            try:
                with cut_after(number, deadline.left_s):
                    connection.request(request.method, path, body, headers)
                    answer = connection.getresponse()
                    answer.read(MAX_ANSWER_BYTES)
            except (OSError, http.client.HTTPException) as lost:
                # Not its words, which may be what was sent: the token, or what shown leaves out.
                why = type(lost).__name__
                raise Unfinished(f"{request.shown} stopped answering ({why})") from None
        return self._outcome(request, answer.status)

    def _outcome(self, request: Request, status: int) -> Outcome:
        text = f"{request.shown} was answered with {status}"
        if status in _PROXY_STATUSES:
            raise Unfinished(text)
        return Outcome(ok=status in request.ok, text=text)

    def _request(self) -> Request:
        covered(self._name, self._grant.requests)
        return self._grant.requests[self._name]


def _headers(request: Request, key: str) -> dict[str, str]:
    headers = {"Idempotency-Key": key, "User-Agent": "vigil-broker", "Connection": "close"}
    if request.body is not None:
        headers["Content-Type"] = "application/json"
    if request.token_file is not None:
        headers["Authorization"] = f"Bearer {secret_in(request.token_file)}"
    return headers


@contextmanager
def _connected(request: Request, seconds: float) -> Iterator[http.client.HTTPConnection]:
    """A connection on which nothing was said yet.

    :raises NotDone: nobody answers, or not who the certificate should name.
    """
    where = urlsplit(request.url)
    try:
        host, port = where.hostname or "", where.port
    except ValueError as wrong:
        raise Refusal(f"the grant's {request.shown} has no port that can be: {wrong}") from None
    kind = http.client.HTTPSConnection if where.scheme == "https" else http.client.HTTPConnection
    with contextlib.closing(kind(host, port, timeout=seconds)) as connection:
        try:
            # Of both kinds: what comes on top of it needs a limit of its own.
            http.client.HTTPConnection.connect(connection)
            if where.scheme == "https":
                with cut_after(connection.sock.fileno(), seconds):
                    context = ssl.create_default_context()
                    connection.sock = context.wrap_socket(connection.sock, server_hostname=host)
        except OSError as closed:
            raise NotDone(f"{request.shown} cannot be reached ({closed})") from None
        yield connection
