"""Keep a walk at the places that its own steps open.

A broken or hostile target must not send the browser to whatever else listens in the neighbourhood.
Every request is held in the browser before it is sent, redirects and scripts' own moves included.
What a page loads from public places (scripts, styles, answers to its scripts) is its own affair.
"""

import asyncio
import base64
import contextlib
import itertools
import json
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import CDPSession, Error, Page, Route

from vigil.integrations._clients.places import Origin, is_local, origin_of
from vigil.integrations.browser.lacks import is_lightpanda

MOST_PAGE = 16 * 1024**2
"""Bytes of one document; a Lightpanda of our own refuses more by itself."""
_PIECE = 1024**2
_OWN_CONTENT = frozenset({"about", "blob", "data"})
"""Addresses of what the page holds already; nothing is asked for them."""
_ONLY_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_NO_SOCKETS = "delete globalThis.WebSocket?.prototype.constructor; delete globalThis.WebSocket"
"""For browsers that heed no policy. Sockets are not held as requests are."""


_SOCKETS = {"http": "ws", "https": "wss"}
_ANSWERED = {"urlPattern": "*", "resourceType": "Document", "requestStage": "Response"}
_ATTACH = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": False}
Send = Callable[[str, dict[str, Any]], Awaitable[Any]]


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
        self._numbers = itertools.count(1)
        self._answers: set[asyncio.Task[None]] = set()
        self.in_lightpanda = False
        self.refused: str | None = None
        """The last address of the page itself that was refused."""
        self.too_large: str | None = None
        """The last address of a document that was not let in because of its size."""
        self.acted = False
        """Something was sent that does not only read."""

    @classmethod
    async def over(cls, page: Page, allowed: frozenset[Origin]) -> "Bounds":
        """Begin to watch a page, the only one of its context."""
        session = await page.context.new_cdp_session(page)
        tree = await session.send("Page.getFrameTree")
        bounds = cls(page, session, allowed, str(tree["frameTree"]["frame"]["id"]))
        session.on("Page.frameAttached", lambda event: bounds._frames.add(str(event["frameId"])))
        session.on("Fetch.requestPaused", lambda e: bounds._begin(bounds._answer(session.send, e)))
        await session.send("Page.enable")
        patterns: list[dict[str, str]] = [{"urlPattern": "*"}]
        bounds.in_lightpanda = await is_lightpanda(page)
        if bounds.in_lightpanda:
            # It heeds no policy; but it holds all pages of a context at once, and has no workers.
            await page.add_init_script(_NO_SOCKETS)
        else:
            await bounds._hold_what_is_apart()
            patterns.append(_ANSWERED)
        await session.send("Fetch.enable", {"patterns": patterns})
        return bounds

    async def _hold_what_is_apart(self) -> None:
        """Other pages of the context, and frames that the browser gives a process of their own."""
        context = self._page.context
        await context.route("**/*", self._aside)
        # An answer given anew has no known place, and a browser asks before it goes from there to
        # a local one. What may be reached is decided here.
        await context.grant_permissions(["local-network-access"])
        self._session.on("Target.attachedToTarget", lambda e: self._begin(self._attached(e)))
        self._session.on("Target.receivedMessageFromTarget", self._heard)
        await self._session.send("Target.setAutoAttach", _ATTACH)

    async def _aside(self, route: Route) -> None:
        """Only the page of the walk may ask for anything, and its own bounds look at that."""
        with contextlib.suppress(Error):
            if _page_of(route) == self._page:
                await route.continue_()
            else:
                await route.abort("blockedbyclient")

    async def _attached(self, event: Mapping[str, Any]) -> None:
        """Let a frame begin once its requests are held; frames within it are never let begin."""
        send = self._sender(str(event["sessionId"]))
        await send("Fetch.enable", {"patterns": [{"urlPattern": "*"}]})
        await send("Target.setAutoAttach", _ATTACH)
        await send("Runtime.runIfWaitingForDebugger", {})

    def _heard(self, event: Mapping[str, Any]) -> None:
        message = json.loads(event["message"])
        if message.get("method") == "Fetch.requestPaused":
            send = self._sender(str(event["sessionId"]))
            self._begin(self._answer(send, message["params"]))

    def _sender(self, session: str) -> Send:
        async def send(method: str, parameters: dict[str, Any]) -> None:
            message = {"id": next(self._numbers), "method": method, "params": parameters}
            wrapped = {"sessionId": session, "message": json.dumps(message)}
            await self._session.send("Target.sendMessageToTarget", wrapped)

        return send

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._unless_gone(work))
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def _unless_gone(self, work: Coroutine[Any, Any, None]) -> None:
        with contextlib.suppress(Error):  # the page, or the browser, is gone, and the request too
            await work

    async def _answer(self, send: Send, event: Mapping[str, Any]) -> None:
        request = {"requestId": event["requestId"]}
        if "responseStatusCode" in event or "responseErrorReason" in event:
            await self._let_in(send, event)
        elif self._may(event):
            self.acted |= event["request"]["method"] not in _ONLY_READS
            await send("Fetch.continueRequest", request)
        else:
            await send("Fetch.failRequest", {**request, "errorReason": "BlockedByClient"})

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

    async def _let_in(self, send: Send, event: Mapping[str, Any]) -> None:
        """Let a document in, under a policy for what cannot be held: sockets and workers."""
        request = {"requestId": event["requestId"]}
        status = event.get("responseStatusCode")
        if status is None or status in range(300, 400):
            await send("Fetch.continueRequest", request)
            return
        body = await self._body(send, request)
        if body is None:
            self.too_large = str(event["request"]["url"])
            await send("Fetch.failRequest", {**request, "errorReason": "BlockedByClient"})
            return
        policy = {"name": "Content-Security-Policy", "value": self._policy}
        headers = [*event.get("responseHeaders", ()), policy]
        # Only an answer that is given anew has its policy read.
        anew = {"responseCode": status, "responseHeaders": headers, "body": body}
        await send("Fetch.fulfillRequest", {**request, **anew})

    async def _body(self, send: Send, request: dict[str, Any]) -> str | None:
        """What a document holds, in base64; None when it is too much. Read by pieces, so that what
        is too much is never here.
        """
        stream = (await send("Fetch.takeResponseBodyAsStream", request))["stream"]
        read = bytearray()
        while len(read) <= MOST_PAGE:
            piece = await send("IO.read", {"handle": stream, "size": _PIECE})
            data = str(piece["data"])
            read += base64.b64decode(data) if piece.get("base64Encoded") else data.encode()
            if piece["eof"]:
                return base64.b64encode(read).decode()
        await send("IO.close", {"handle": stream})
        return None


def _page_of(route: Route) -> Page | None:
    try:
        return route.request.frame.page
    except Error:  # of a page that is only being opened
        return None


def _policy(allowed: frozenset[Origin]) -> str:
    """Also what a frame inherits whose content came with its page: it may ask before it is held."""
    places = " ".join(
        f"{scheme}://{host} {_SOCKETS[scheme]}://{host}"
        for scheme, host in sorted({(scheme, _authority(h, p)) for scheme, h, p in allowed})
    )
    loaded = f"default-src {places} https: data: blob: 'unsafe-inline' 'unsafe-eval'"
    return f"{loaded}; worker-src 'none'; object-src 'none'"


def _authority(host: str, port: int | None) -> str:
    return f"{f'[{host}]' if ':' in host else host}:{port}"
