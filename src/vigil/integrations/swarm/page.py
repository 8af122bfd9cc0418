"""One user: a browser context with one page, kept at the origins of its journey.

Every request is held in the browser before it is sent. What is outside of the origins is refused,
and so is whatever else the page itself loads there: a thousand sessions must not become somebody
else's load.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Self
from urllib.parse import urlsplit

from vigil.integrations._clients.places import Origin, origin_of
from vigil.integrations.swarm.link import GONE, Gone, Link, Refused

MOST_COMPLAINTS = 3
MOST_CHARS = 200
_OWN_CONTENT = frozenset({"about", "blob", "data"})
_NO_SOCKETS = "delete globalThis.WebSocket?.prototype.constructor; delete globalThis.WebSocket"
"""Sockets are not held as requests are."""


class Page:
    """Where the user is, and what the page was answered there."""

    def __init__(self, link: Link, allowed: frozenset[Origin]) -> None:
        self._link = link
        self._allowed = allowed
        self._session = ""
        self._frame = ""
        self._under_way: str | None = None
        self._arrived = asyncio.Event()
        self._arrived.set()
        self.answered: int | None = None
        """The status of the last answer to the page itself."""
        self.refused: str | None = None
        """The last address of the page itself that was refused."""
        self.complaints: list[str] = []
        """What its scripts complained of first."""
        self._hears: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
            "Fetch.requestPaused": self._let,
            "Network.requestWillBeSent": self._asks,
            "Network.responseReceived": self._hears_answer,
            "Network.loadingFailed": self._fails,
            "Page.domContentEventFired": self._arrives,
            "Runtime.consoleAPICalled": self._writes,
            "Runtime.exceptionThrown": self._throws,
            GONE: self._arrives,
        }

    @classmethod
    async def of_new_user(
        cls, link: Link, allowed: frozenset[Origin], *, console: bool = False
    ) -> Self:
        """Nobody has been here before; ``Gone``, ``Refused``, ``TimeoutError``."""
        page = cls(link, allowed)
        link.told = page._told
        context = (await link.ask("Target.createBrowserContext"))["browserContextId"]
        made = await link.ask("Target.createTarget", url="about:blank", browserContextId=context)
        page._frame = str(made["targetId"])
        attached = await link.ask("Target.attachToTarget", targetId=page._frame, flatten=True)
        page._session = str(attached["sessionId"])
        await page.ask("Page.enable")
        await page.ask("Network.enable")
        await page.ask("Fetch.enable", patterns=[{"urlPattern": "*"}])
        await page.ask("Page.addScriptToEvaluateOnNewDocument", source=_NO_SOCKETS)
        if console:
            await page.ask("Runtime.enable")
        return page

    async def ask(self, method: str, **given: Any) -> Mapping[str, Any]:  # noqa: ANN401 - JSON
        """What the browser answers about this page."""
        return await self._link.ask(method, self._session, **given)

    async def goto(self, url: str, within_s: float) -> str | None:
        """Go there, until its content is there: None, or why it cannot be; ``TimeoutError``."""
        async with asyncio.timeout(within_s):
            self._leave()
            gone = await self.ask("Page.navigate", url=url)
            if (error := gone.get("errorText")) is not None:
                self._arrived.set()
                return str(error)[:MOST_CHARS]
            await self._arrived.wait()
        return None

    async def arrive(self, within_s: float) -> None:
        """Wait for the page that a deed leads to, if it leads to any; ``TimeoutError``."""
        async with asyncio.timeout(within_s):
            # The next task of the page, before which a move that was asked for has begun.
            with contextlib.suppress(Refused):
                await self.run("() => new Promise(done => setTimeout(done, 0))")
            await self._arrived.wait()

    async def run(self, script: str, *given: object) -> Any:  # noqa: ANN401 - JSON
        """What a function says within the page; ``Refused`` if it fails, or the page left."""
        arguments = ", ".join(json.dumps(each) for each in given)
        answer = await self.ask(
            "Runtime.evaluate",
            expression=f"({script})({arguments})",
            returnByValue=True,
            awaitPromise=True,
        )
        if "exceptionDetails" in answer:
            found = answer["exceptionDetails"].get("exception", {})
            raise Refused(str(found.get("description") or answer["exceptionDetails"])[:500])
        return answer["result"].get("value")

    async def address(self) -> str:
        """Where the user is, also where a script has changed it; ``Refused`` on the way."""
        return str(await self.run("() => location.href"))

    def close(self) -> None:
        """The user goes, and with the connection all that there was of them."""
        self._link.close()

    # --- what the browser tells -----------------------------------------------------------------

    def _told(self, method: str, told: Mapping[str, Any]) -> None:
        hears = self._hears.get(method)
        if hears is not None:
            hears(told)

    def _asks(self, told: Mapping[str, Any]) -> None:
        if told.get("type") == "Document" and told.get("frameId") == self._frame:
            self._under_way = str(told["requestId"])
            self._arrived.clear()

    def _hears_answer(self, told: Mapping[str, Any]) -> None:
        if told.get("requestId") == self._under_way:
            self.answered = int(told["response"]["status"])

    def _fails(self, told: Mapping[str, Any]) -> None:
        if told.get("requestId") == self._under_way:
            self._arrived.set()

    def _arrives(self, _told: Mapping[str, Any]) -> None:
        self._arrived.set()

    def _writes(self, told: Mapping[str, Any]) -> None:
        if told.get("type") == "error":
            self._complain((told.get("args") or [{}])[0])

    def _throws(self, told: Mapping[str, Any]) -> None:
        self._complain(told["exceptionDetails"].get("exception", {}))

    def _complain(self, thrown: Mapping[str, Any]) -> None:
        if len(self.complaints) >= MOST_COMPLAINTS:
            return
        text = thrown.get("description") or thrown.get("value") or "something"
        self.complaints.append(str(text)[:MOST_CHARS])
        if len(self.complaints) == MOST_COMPLAINTS:
            # Some pages never end to complain, and each line comes all the way.
            with contextlib.suppress(Gone):
                self._link.post("Runtime.disable", self._session)

    def _let(self, told: Mapping[str, Any]) -> None:
        url, request = str(told["request"]["url"]), {"requestId": told["requestId"]}
        # A connection that is gone lets nothing through either.
        with contextlib.suppress(Gone):
            if self._may(url):
                self._link.post("Fetch.continueRequest", self._session, **request)
                return
            if told.get("resourceType") == "Document" and told.get("frameId") == self._frame:
                self.refused = url
            self._link.post(
                "Fetch.failRequest", self._session, errorReason="BlockedByClient", **request
            )

    def _may(self, url: str) -> bool:
        origin = origin_of(url)
        return origin in self._allowed or (origin is None and urlsplit(url).scheme in _OWN_CONTENT)

    def _leave(self) -> None:
        self._under_way, self.answered = None, None
        self._arrived.clear()
