"""Looks at one user's page, and how what is seen is told: short, without any value filled in."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

from vigil.domain.journey import PageExpectation
from vigil.domain.scrub import clean
from vigil.integrations._clients.filled import Filled
from vigil.integrations._clients.http import shown
from vigil.integrations.swarm import scripts
from vigil.integrations.swarm.link import Refused
from vigil.integrations.swarm.page import Page

LOOK_S = 1.0
FIRST_AGAIN_S, LAST_AGAIN_S, SLOWER = 0.05, 0.5, 1.5
"""Between two looks: soon at first, then seldom, as there may be a thousand who look."""
MOST_SEEN, MOST_READ, MOST_PLACE, MOST_TEXT = 120, 2000, 200, 400

Look = Callable[[], Awaitable[Any]]


class Missed(Exception):
    """A step did not go as the journey says; says what was seen instead."""


class Looks:
    """Looks, once or again and again."""

    def __init__(self, page: Page, filled: Filled) -> None:
        self._page = page
        self._filled = filled

    async def until(self, until: float, look: Look) -> Any:  # noqa: ANN401 - JSON
        """What a look sees first that is not None; None when it did not come in time."""
        again_s = FIRST_AGAIN_S
        while True:
            try:
                async with asyncio.timeout_at(max(until, now() + FIRST_AGAIN_S)):
                    found = await look()
            except TimeoutError:
                return None
            except Refused as refused:
                if is_no_selector(refused):
                    raise
                found = None  # it was on its way to another page
            if found is not None or now() >= until or self._page.refused is not None:
                return found
            await asyncio.sleep(min(again_s, max(until - now(), 0)))
            again_s = min(again_s * SLOWER, LAST_AGAIN_S)

    async def shows(self, expectation: PageExpectation) -> bool:
        """Whether the page shows it now."""
        if expectation.url is not None:
            return expectation.url in await self._page.address()
        if expectation.element is not None:
            seen = await self._page.run(scripts.SEEN, expectation.element)
            return bool(seen) is expectation.there
        wanted = " ".join((expectation.text or "").split())
        read = await self._page.run(scripts.READ, expectation.selector, wanted, 0)
        return bool(read and read[0])

    async def told(self) -> str:
        """Where the user is, with what status, and what is shown; ends a sentence."""
        status = f", which answered {self._page.answered}," if self._page.answered else ""
        most = MOST_READ + self._filled.longest
        try:
            async with asyncio.timeout(LOOK_S):
                place = self.place(await self._page.address())
                read = await self._page.run(scripts.READ, "body", "", most)
        except (Refused, TimeoutError):
            return f"; the page{status} cannot be read"
        if read is None:
            return f"; {place}{status} is empty"
        hide = self._filled.hidden_of_cut if read[2] else self._filled.hidden
        text = hide(str(read[1]))
        return f"; {place}{status} shows '{text[:MOST_SEEN]}{'…' if len(text) > MOST_SEEN else ''}'"

    def place(self, url: str) -> str:
        """An address, without what may hide in it."""
        return self._filled.hidden(shown(url))[:MOST_PLACE]

    def quote(self, text: str) -> str:
        """The words of somebody else, in quotes."""
        return f"'{self._filled.hidden(text)[:MOST_SEEN]}'"


def cleaned(text: str) -> str:
    """A sentence about a page, fit to keep and show."""
    return clean(text, MOST_TEXT)


def is_no_selector(refused: Refused) -> bool:
    """Whether no page could have passed it."""
    return re.search(r"SyntaxError|not a valid selector", str(refused)) is not None


def now() -> float:
    """Of the clock that all limits here count by."""
    return asyncio.get_running_loop().time()
