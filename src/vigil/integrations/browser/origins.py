"""Keep a walk at the places that its own steps open.

A broken or hostile target must not send the browser to whatever else listens in the neighbourhood.
Every request is held in the browser before it is sent, redirects and scripts' own moves included.
What a page loads from public places (scripts, styles, answers to its scripts) is its own affair.
"""

import asyncio
import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import CDPSession, Error, Page, Route

from vigil.integrations.browser.places import Origin, is_local, origin_of

_OWN_CONTENT = frozenset({"about", "blob", "data"})
"""Addresses of what the page holds already; nothing is asked for them."""
_NO_SOCKETS = "delete globalThis.WebSocket?.prototype.constructor; delete globalThis.WebSocket"
"""For browsers that heed no policy. Sockets are not held as requests are."""


class Bounds:
    """Refuses a page what is outside the places of its journey."""

    def __init__(
        self, page: Page, session: CDPSession, allowed: frozenset[Origin], frame: str
    ) -> None:
        self._page = page
        self._session = session
        self._allowed = allowed
        self._frame = frame
        self._frames = {frame}
        self._policy = _policy(allowed)
        self._answers: set[asyncio.Task[None]] = set()
        self.refused: str | None = None
        """The last address of the page itself that was refused."""

    @classmethod
    async def over(cls, page: Page, allowed: frozenset[Origin]) -> "Bounds":
        """Begin to watch a page, the only one of its context."""
        session = await page.context.new_cdp_session(page)
        tree = await session.send("Page.getFrameTree")
        bounds = cls(page, session, allowed, str(tree["frameTree"]["frame"]["id"]))
        session.on("Page.frameAttached", lambda event: bounds._frames.add(str(event["frameId"])))
        session.on("Fetch.requestPaused", bounds._asked)
        await session.send("Page.enable")
        patterns: list[dict[str, str]] = [{"urlPattern": "*"}]
        if await _heeds_policies(page):
            await page.context.route("**/*", bounds._aside)
            # An answer given anew has no known place, and a browser asks before it goes from there
            # to a local one. What may be reached is decided here.
            await page.context.grant_permissions(["local-network-access"])
            answered = {"urlPattern": "*", "resourceType": "Document", "requestStage": "Response"}
            patterns.append(answered)
        else:
            await page.add_init_script(_NO_SOCKETS)
        await session.send("Fetch.enable", {"patterns": patterns})
        return bounds

    async def _aside(self, route: Route) -> None:
        """What other pages ask for, and frames in processes of their own, which nobody holds."""
        try:
            if await self._is_held(route):
                await route.continue_()
            else:
                await route.abort("blockedbyclient")
        except Error:
            return  # the page, or the browser, is gone, and the request with it

    async def _is_held(self, route: Route) -> bool:
        try:
            frame = route.request.frame
        except Error:  # of a page that is only being opened
            return False
        if frame.page != self._page:
            return False
        if frame == self._page.main_frame:
            return True
        try:
            session = await self._page.context.new_cdp_session(frame)
        except Error:  # it is part of the page's own process
            return True
        await session.detach()
        return False

    def _asked(self, event: Mapping[str, Any]) -> None:
        answer = asyncio.create_task(self._answer(event))
        self._answers.add(answer)
        answer.add_done_callback(self._answers.discard)

    async def _answer(self, event: Mapping[str, Any]) -> None:
        request = {"requestId": event["requestId"]}
        try:
            if "responseStatusCode" in event or "responseErrorReason" in event:
                await self._answered(event)
            elif self._may(event):
                await self._session.send("Fetch.continueRequest", request)
            else:
                await self._session.send(
                    "Fetch.failRequest", {**request, "errorReason": "BlockedByClient"}
                )
        except Error:
            return  # the page, or the browser, is gone, and the request with it

    def _may(self, event: Mapping[str, Any]) -> bool:
        url, frame = str(event["request"]["url"]), event.get("frameId")
        origin = origin_of(url)
        if event.get("resourceType") == "Document":
            if frame == self._frame:
                if origin not in self._allowed:
                    self.refused = url
                return origin in self._allowed
            if frame not in self._frames:
                return False  # a page of its own
        if origin is None:
            return urlsplit(url).scheme in _OWN_CONTENT
        return origin in self._allowed or not is_local(origin[1])

    async def _answered(self, event: Mapping[str, Any]) -> None:
        """Let a document in, under a policy for what cannot be held: sockets and workers."""
        request = {"requestId": event["requestId"]}
        status = event.get("responseStatusCode")
        if status is None or status in range(300, 400):
            await self._session.send("Fetch.continueRequest", request)
            return
        body = await self._session.send("Fetch.getResponseBody", request)
        text = str(body["body"])
        # Only an answer that is given anew has its policy read.
        await self._session.send(
            "Fetch.fulfillRequest",
            {
                **request,
                "responseCode": status,
                "responseHeaders": [
                    *event.get("responseHeaders", ()),
                    {"name": "Content-Security-Policy", "value": self._policy},
                ],
                "body": text if body["base64Encoded"] else base64.b64encode(text.encode()).decode(),
            },
        )


async def _heeds_policies(page: Page) -> bool:
    """Lightpanda does not; but it has all pages of a context held at once, and no workers."""
    return "Lightpanda" not in str(await page.evaluate("navigator.userAgent"))


def _policy(allowed: frozenset[Origin]) -> str:
    sockets = [
        f"{'wss' if scheme == 'https' else 'ws'}://{f'[{host}]' if ':' in host else host}:{port}"
        for scheme, host, port in sorted(allowed, key=str)
    ]
    reached = " ".join(["http:", "https:", "data:", "blob:", *sockets])
    return f"worker-src 'none'; object-src 'none'; connect-src {reached}"
