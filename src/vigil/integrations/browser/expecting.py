"""Wait until a page shows what a journey expects of it."""

import asyncio
from collections.abc import Awaitable, Callable

from playwright.async_api import Error, Frame, Page

from vigil.domain.journey import PageExpectation
from vigil.integrations.browser.complaints import MOST_COUNTED, Complaints
from vigil.integrations.browser.deadline import now
from vigil.integrations.browser.ends import Missed
from vigil.integrations.browser.looks import Looks
from vigil.integrations.browser.moves import LOOK_S, Moves

AGAIN_S = 0.1
RELOAD_S = 1.0
"""Between two reloads: as often as a patient customer would, and time for the page's scripts."""

Within = Callable[[], Awaitable[Frame | None]]
"""The part of the page that is looked at, found anew for each look; None while it is not there."""


class Expecting:
    """Looks at one page again and again."""

    def __init__(self, page: Page, looks: Looks, moves: Moves, complaints: Complaints) -> None:
        self._page = page
        self._looks = looks
        self._moves = moves
        self._complaints = complaints

    async def until_shown(
        self, expectation: PageExpectation, within: Within, until: float, stop: Callable[[], bool]
    ) -> bool:
        """Whether it was shown before the loop's time was ``until`` and ``stop`` said so."""
        reload_at = now() + RELOAD_S
        while not await self._shows(expectation, within, until - now()):
            if now() >= until or stop():
                return False
            if expectation.reload and now() >= reload_at:
                await self._load_again(until)
                reload_at = now() + RELOAD_S
            await asyncio.sleep(AGAIN_S)
        return True

    async def without_complaint(self) -> None:
        """``Missed`` if the page's scripts complained of anything until now."""
        await self._moves.settle()
        count = self._complaints.count
        if count:
            times = "1 complaint" if count == 1 else f"{count} complaints"
            more = " or more" if count >= MOST_COUNTED else ""
            first = self._looks.quote(self._complaints.first[0])
            raise Missed(f"the page's scripts made {times}{more}, the first: {first}")

    async def _shows(self, expectation: PageExpectation, within: Within, seconds: float) -> bool:
        if expectation.url is not None:
            return expectation.url in self._page.url
        part = await within()
        if part is None:
            return False
        if expectation.element is not None:
            return await self._looks.sees(part, expectation.element, seconds) is expectation.there
        wanted = " ".join((expectation.text or "").split())
        read = await self._looks.read(part, expectation.selector, wanted, seconds)
        return read is not None and read[0]

    async def _load_again(self, until: float) -> None:
        """Ask for the address again; a reload would send a form a second time."""
        address = self._page.url.partition("#")[0]
        try:
            await self._page.goto(
                address,
                wait_until="domcontentloaded",
                timeout=max(until - now(), LOOK_S) * 1000,
            )
        except Error as error:
            self._looks.unless_gone(error, "")
