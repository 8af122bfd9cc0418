"""What a page shows, and how it is told: short, and without any value that was filled in."""

import asyncio
import re

from playwright.async_api import Error, Frame, Page

from vigil.integrations._clients.filled import Filled
from vigil.integrations._clients.http import shown
from vigil.integrations.browser.ends import Missed, Mistaken, Unable
from vigil.integrations.browser.lacks import unknown_command
from vigil.integrations.browser.moves import LOOK_S

MOST_SEEN = 120
"""Characters of a page that are quoted."""
MOST_READ = 2000
MOST_PLACE = 200
CLOSED = "has been closed"
"""So Playwright speaks of a page, a browser or a driver of its own that is gone."""

# Text as a reader sees it, in one line, and whether it is there; a huge page stays in the browser.
_READ = """([selector, wanted, most]) => {
  const element = document.querySelector(selector);
  if (element === null) return null;
  const text = (element.innerText ?? element.textContent ?? '').replace(/\\s+/g, ' ').trim();
  return [text.includes(wanted), text.slice(0, most), text.length > most];
}"""
_SEEN = """selector => [...document.querySelectorAll(selector)].some(element =>
  element.checkVisibility({ visibilityProperty: true, checkVisibilityCSS: true }))"""


class Looks:
    """Looks at one page, at all of it or at one frame."""

    def __init__(self, page: Page, filled: Filled) -> None:
        self._page = page
        self._filled = filled

    async def read(
        self, within: Frame, selector: str, wanted: str = "", seconds: float = LOOK_S
    ) -> tuple[bool, str] | None:
        """Whether an element holds a text, and how it begins without any value that was filled in;
        None while it is not there.
        """
        most = MOST_READ + self._filled.longest
        read = await self._asked(within, selector, _READ, [selector, wanted, most], seconds)
        if not isinstance(read, list):
            return None
        hide = self._filled.hidden_of_cut if read[2] else self._filled.hidden
        return bool(read[0]), hide(str(read[1]))

    async def sees(self, within: Frame, selector: str, seconds: float) -> bool | None:
        """Whether a user sees such an element; None: nobody could look just now."""
        seen = await self._asked(within, selector, _SEEN, selector, seconds)
        return seen if isinstance(seen, bool) else None

    async def _asked(
        self, within: Frame, selector: str, script: str, given: object, seconds: float
    ) -> object:
        try:
            async with asyncio.timeout(max(seconds, LOOK_S)):
                answer: object = await within.evaluate(script, given)
        except TimeoutError:
            return None
        except Error as error:
            self.unless_gone(error, "", selector)
            return None  # it was on its way to another page
        return answer

    async def told(self, answered: int | None) -> str:
        """Where the walk is, with what status, and what is shown; ends a sentence."""
        if self._page.is_closed():
            return ""
        status = f", which answered {answered}," if answered else ""
        read = await self.read(self._page.main_frame, "body")
        text = f" shows {self.quote(read[1])}" if read is not None else " cannot be read"
        return f"; {self.place(self._page.url)}{status}{text}"

    def unless_gone(self, error: Error, text: str, selector: str = "") -> Missed:
        """What an error of Playwright means, unless it is that the browser is gone."""
        if CLOSED in error.message or self._page.is_closed():
            raise error
        if re.search(r"parsing|not a valid selector|SyntaxError|Unknown engine", error.message):
            raise Mistaken(f"{self.quote(selector)} is no selector") from None
        if (lacks := unknown_command(error.message)) is not None:
            raise Unable(lacks) from None
        return Missed(text)

    def place(self, url: str) -> str:
        """An address, without what may hide in it."""
        return self._filled.hidden(shown(url))[:MOST_PLACE]

    def quote(self, text: str) -> str:
        """The beginning of somebody's text, marked as such."""
        return f"'{self.cut(text)}'"

    def cut(self, text: str) -> str:
        """The beginning of somebody's text."""
        said = self._filled.hidden(text)
        return f"{said[:MOST_SEEN]}…" if len(said) > MOST_SEEN else said
