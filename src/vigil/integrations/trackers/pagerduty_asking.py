"""How PagerDuty is asked: in bounded time and size, with what each kind of refusal means."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from vigil.domain.errors import NotFound, PortUnavailable, ToldToWait
from vigil.domain.scrub import clean
from vigil.integrations._clients.http import IDENTITY, read_body, shown, tls_context

QUESTION_S = 8.0
MOST_ANSWER = 16 * 1024 * 1024
"""Bytes of one answer: 2000 notes of the length that Vigil's own have."""
MOST_SAID = 200
"""Characters of what it says about an error."""
_WAITS = ("retry-after", "ratelimit-reset")
"""Each in seconds; a limit may also come without any of them."""
_SECONDS = re.compile(r"[0-9]{1,6}")
_REMEDIES = {
    400: "see that PAGERDUTY_FROM is the e-mail address of a user there",
    401: "see that PAGERDUTY_API_KEY is right",
    403: "see what PAGERDUTY_API_KEY may do: it has to read and write incidents",
}


class PagerDutyApi:
    """One account, as one user of it."""

    def __init__(self, url: str, key: str, sender: str) -> None:
        self._url = url.rstrip("/")
        self.name = f"PagerDuty at {shown(self._url)}"
        self._headers = {
            **IDENTITY,
            "accept": "application/vnd.pagerduty+json;version=2",
            "authorization": f"Token token={key}",
            "from": sender,
        }

    @asynccontextmanager
    async def conversation(self) -> AsyncIterator["Conversation"]:
        """Some questions after each other."""
        async with httpx2.AsyncClient(
            trust_env=False,
            verify=tls_context(),
            timeout=QUESTION_S,
            headers=self._headers,
            follow_redirects=False,
        ) as client:
            yield Conversation(client, self._url, self.name)


class Conversation:
    """Over one connection."""

    def __init__(self, client: httpx2.AsyncClient, url: str, name: str) -> None:
        self._client = client
        self._url = url
        self._name = name

    async def ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """The object that it answers with, or one of the errors that the port names."""
        content = None if body is None else json.dumps(body).encode()
        try:
            request = self._client.stream(
                method,
                f"{self._url}{path}",
                content=content,
                headers={"content-type": "application/json"},
                params=query,
            )
            async with request as response:
                read = await read_body(response, MOST_ANSWER)
        except (httpx2.HTTPError, OSError) as error:
            why = f"{self._name} cannot be reached ({type(error).__name__})"
            raise PortUnavailable(f"{why}; see that PAGERDUTY_API_URL is right") from error
        if not response.is_success:
            raise self._refused(response, read.content)
        if not read.complete:
            raise not_understood(self._name, f"it is longer than {MOST_ANSWER} bytes")
        if "json" not in response.headers.get("content-type", ""):
            raise not_understood(self._name, "it is not JSON by its type")
        answer = _parsed(read.content)
        if not isinstance(answer, dict):
            raise not_understood(self._name, "it is no JSON object")
        return answer

    def _refused(self, response: httpx2.Response, content: bytes) -> Exception:
        status = response.status_code
        if status == httpx2.codes.NOT_FOUND:
            return NotFound(f"{self._name} does not know the incident, or not any more")
        why = f"{self._name} answered {status}{_said(content)}"
        if status == httpx2.codes.TOO_MANY_REQUESTS:
            waits = [response.headers.get(name, "") for name in _WAITS]
            known = [float(wait) for wait in waits if _SECONDS.fullmatch(wait)]
            return ToldToWait(why, max(known)) if known else PortUnavailable(why)
        remedy = _REMEDIES.get(status)
        return PortUnavailable(f"{why}; {remedy}" if remedy else why)


def not_understood(name: str, why: str) -> PortUnavailable:
    """It said something that nobody can use; what it did may be seen at the next try."""
    return PortUnavailable(f"the answer of {name} is not understood: {why}")


def _parsed(content: bytes) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _said(content: bytes) -> str:
    """Its own words for it, if it has any."""
    answer = _parsed(content[:65_536])
    error = answer.get("error") if isinstance(answer, dict) else None
    message = error.get("message") if isinstance(error, dict) else None
    return f" ({clean(message, MOST_SAID)})" if isinstance(message, str) and message else ""
