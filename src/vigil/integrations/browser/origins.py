"""Keep a walk at the places that its own steps open.

A broken target must not send the browser to whatever else listens in the neighbourhood. Requests
for documents are held in the browser before they are sent, redirects and scripts' own moves
included; what a page loads besides (scripts, styles, answers to its scripts) is its own affair.
"""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import CDPSession, Error, Page

from vigil.domain.probe import JourneyProbe

_PORTS = {"http": 80, "https": 443}
Origin = tuple[str, str, int | None]


def origin_of(url: str) -> Origin | None:
    """Scheme, host and port; None for an address that has none of them."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    return (parts.scheme, parts.hostname or "", port) if parts.scheme in _PORTS else None


def origins_of(journey: JourneyProbe) -> frozenset[Origin]:
    """Where a journey may be: what it opens, and the step from http to https of the same host."""
    opened = {origin_of(step.open) for step in journey.steps if step.open is not None}
    known = {origin for origin in opened if origin is not None}
    secured = {
        ("https", host, 443) for scheme, host, port in known if (scheme, port) == ("http", 80)
    }
    return frozenset(known | secured)


def shown(url: str) -> str:
    """The address without user, password, query and fragment, where credentials hide."""
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.split("?", 1)[0].split("#", 1)[0].partition("/")
    return (scheme + separator + authority.rpartition("@")[2] + slash + path)[:200]


class Guard:
    """Refuses the page's own frame every document of another origin."""

    def __init__(self, session: CDPSession, allowed: frozenset[Origin], frame: str) -> None:
        self._session = session
        self._allowed = allowed
        self._frame = frame
        self._answers: set[asyncio.Task[None]] = set()
        self.refused: str | None = None
        """The last address that was refused."""

    @classmethod
    async def over(cls, page: Page, allowed: frozenset[Origin]) -> "Guard":
        """Begin to watch a page."""
        session = await page.context.new_cdp_session(page)
        tree = await session.send("Page.getFrameTree")
        guard = cls(session, allowed, str(tree["frameTree"]["frame"]["id"]))
        session.on("Fetch.requestPaused", guard._asked)
        documents = {"patterns": [{"urlPattern": "*", "resourceType": "Document"}]}
        await session.send("Fetch.enable", documents)
        return guard

    def _asked(self, event: Mapping[str, Any]) -> None:
        answer = asyncio.create_task(self._answer(event))
        self._answers.add(answer)
        answer.add_done_callback(self._answers.discard)

    async def _answer(self, event: Mapping[str, Any]) -> None:
        url = str(event["request"]["url"])
        request = {"requestId": event["requestId"]}
        try:
            if event.get("frameId") != self._frame or origin_of(url) in self._allowed:
                await self._session.send("Fetch.continueRequest", request)
            else:
                self.refused = url
                await self._session.send(
                    "Fetch.failRequest", {**request, "errorReason": "BlockedByClient"}
                )
        except Error:
            return  # the page, or the browser, is gone, and the request with it
