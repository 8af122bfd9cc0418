"""The steps of one journey, taken on a page one after the other."""

import asyncio
import contextlib
import re

from playwright.async_api import Error, Frame, Page, Request, Response
from playwright.async_api import TimeoutError as PlaywrightTimeout

from vigil.domain.probe import JourneyProbe, JourneyStep, PageExpectation
from vigil.integrations.browser.filled import Filled
from vigil.integrations.browser.origins import Bounds
from vigil.integrations.browser.places import shown

ELEMENT_S = 5.0
"""How long an element may take to appear and to be ready, as a page's scripts need a moment."""
LOOK_S = 1.0
"""How long a look at a page may take that is not what is waited for."""
AGAIN_S = 0.1
RELOAD_S = 1.0
"""Between two reloads: as often as a patient customer would, and time for the page's scripts."""
MOST_SEEN = 120
"""Characters of a page that are quoted."""
MOST_READ = 2000
MOST_PLACE = 200
CLOSED = "has been closed"
"""So Playwright speaks of a page, a browser or a driver of its own that is gone."""
BAD_REQUEST, SERVER_ERROR = 400, 500

# Text as a reader sees it, in one line, and whether it is there; a huge page stays in the browser.
_READ = """([selector, wanted, most]) => {
  const element = document.querySelector(selector);
  if (element === null) return null;
  const text = (element.innerText ?? element.textContent ?? '').replace(/\\s+/g, ' ').trim();
  return [text.includes(wanted), text.slice(0, most), text.length > most];
}"""
_NEXT_TASK = "() => new Promise(done => setTimeout(done, 0))"


class Missed(Exception):
    """A step did not go as the journey says; says what was seen instead."""


class Mistaken(Exception):
    """A step that no page could pass, such as a selector that is none."""


class Steps:
    """Takes the steps of a journey on one page."""

    def __init__(self, page: Page, bounds: Bounds, journey: JourneyProbe, until: float) -> None:
        self._page = page
        self._bounds = bounds
        self._filled = Filled(journey)
        self._until = until
        self._answered: int | None = None
        self._arrived = asyncio.Event()
        self._arrived.set()
        self.notes: list[str] = []
        page.on("request", lambda r: self._arrived.clear() if self._is_move(r) else None)
        page.on("response", self._heard)
        page.on("requestfinished", lambda r: self._arrived.set() if self._is_move(r) else None)
        page.on("requestfailed", lambda r: self._arrived.set() if self._is_move(r) else None)
        page.on("framenavigated", lambda f: self._arrived.set() if self._is_own(f) else None)

    def _heard(self, response: Response) -> None:
        if self._is_move(response.request):
            self._answered = response.status

    def _is_move(self, request: Request) -> bool:
        """Whether it asks for the page itself."""
        try:
            return request.is_navigation_request() and self._is_own(request.frame)
        except Error:  # a request of a worker has no frame
            return False

    def _is_own(self, frame: Frame) -> bool:
        return frame == self._page.main_frame

    def named(self, step: JourneyStep) -> str:
        """The step in a few words, without any value that is filled in."""
        if step.open is not None:
            return f"open {self._place(step.open)}"
        if step.fill is not None:
            return f"fill {', '.join(map(self._quote, step.fill))}"
        if step.click is not None:
            return f"click {self._quote(step.click)}"
        if step.note is not None:
            return f"note {self._quote(step.note)}"
        expected = step.expect.text or step.expect.url or "" if step.expect else ""
        return f"expect {self._quote(expected)}"

    async def take(self, step: JourneyStep) -> None:
        """One step; ``Missed``, ``Mistaken``, or Playwright's ``Error`` if the browser is gone."""
        try:
            await self._take(step)
        except Missed:
            self.stay()
            raise
        self.stay()
        if self._answered is not None and self._answered >= SERVER_ERROR:
            raise Missed(f"the page answered {self._answered}{await self._seen(again=False)}")

    def stay(self) -> None:
        """``Missed`` if the page was sent elsewhere, whatever else that led to."""
        if self._bounds.refused is not None:
            place = self._place(self._bounds.refused)
            raise Missed(f"the page led to another place ({place}), which is not followed")

    async def _take(self, step: JourneyStep) -> None:
        if step.open is not None:
            await self._open(step.open)
        if step.fill is not None:
            for selector, value in step.fill.items():
                await self._fill(selector, value)
        if step.click is not None:
            await self._click(step.click)
        if step.expect is not None:
            await self._expect(step.expect)
        if step.note is not None:
            await self._note(step.note)

    async def _open(self, url: str) -> None:
        try:
            response = await self._page.goto(
                url, wait_until="domcontentloaded", timeout=self._left() * 1000
            )
        except PlaywrightTimeout:
            raise Missed("it did not load in time") from None
        except Error as error:
            raise self._unless_gone(error, f"it could not be loaded{_net_error(error)}") from None
        if response is not None and response.status >= BAD_REQUEST:
            raise Missed(f"it answered {response.status}{await self._seen(again=False)}")

    async def _fill(self, selector: str, value: str) -> None:
        field = self._page.locator(f"css={selector}").first
        try:
            await field.fill(value, timeout=self._left(ELEMENT_S) * 1000)
        except PlaywrightTimeout:
            raise Missed(
                f"nothing to fill at {self._quote(selector)}{await self._seen()}"
            ) from None
        except Error as error:
            text = f"{self._quote(selector)} cannot be filled in"
            raise self._unless_gone(error, text, selector) from None

    async def _click(self, selector: str) -> None:
        element = self._page.locator(f"css={selector}").first
        try:
            await element.click(timeout=self._left(ELEMENT_S) * 1000)
        except PlaywrightTimeout:
            raise Missed(
                f"{self._quote(selector)} is not there to be clicked, or what it leads to did "
                f"not answer{await self._seen()}"
            ) from None
        except Error as error:
            text = f"{self._quote(selector)} cannot be clicked"
            raise self._unless_gone(error, text, selector) from None
        await self._arrive(self._left(ELEMENT_S))

    async def _arrive(self, most_s: float) -> None:
        """Wait for the page that a click leads to; the next step is for that one.

        Playwright waits too, but a browser may tell of the move a moment after the click.
        """
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await self._page.evaluate(_NEXT_TASK)
        try:
            async with asyncio.timeout(most_s):
                await self._arrived.wait()
        except TimeoutError:
            raise Missed(f"what it leads to did not answer{await self._seen()}") from None

    async def _note(self, selector: str) -> None:
        until = self._now() + self._left(ELEMENT_S)
        while (read := await self._read(selector, "", until - self._now())) is None:
            if self._now() >= until:
                raise Missed(f"nothing at {self._quote(selector)}{await self._seen()}")
            await asyncio.sleep(AGAIN_S)
        self.notes.append(self._quote(read[1]))

    async def _expect(self, expectation: PageExpectation) -> None:
        until = self._now() + self._left(expectation.within_s)
        reload_at = self._now() + RELOAD_S
        while not await self._shows(expectation, until - self._now()):
            if self._now() >= until or self._bounds.refused is not None:
                raise Missed(f"not within {expectation.within_s:g} s{await self._seen()}")
            if expectation.reload and self._now() >= reload_at:
                await self._load_again(until)
                reload_at = self._now() + RELOAD_S
            await asyncio.sleep(AGAIN_S)

    async def _shows(self, expectation: PageExpectation, seconds: float) -> bool:
        if expectation.url is not None:
            return expectation.url in self._page.url
        wanted = " ".join((expectation.text or "").split())
        read = await self._read(expectation.selector, wanted, seconds)
        return read is not None and read[0]

    async def _load_again(self, until: float) -> None:
        """Ask for the address again; a reload would send a form a second time."""
        address = self._page.url.partition("#")[0]
        try:
            await self._page.goto(
                address,
                wait_until="domcontentloaded",
                timeout=max(until - self._now(), LOOK_S) * 1000,
            )
        except Error as error:
            self._unless_gone(error, "")

    async def _read(
        self, selector: str, wanted: str, seconds: float = LOOK_S
    ) -> tuple[bool, str] | None:
        """Whether an element holds a text, and how it begins without any value that was filled in;
        None while it is not there.
        """
        most = MOST_READ + self._filled.longest
        try:
            async with asyncio.timeout(max(seconds, LOOK_S)):
                read = await self._page.evaluate(_READ, [selector, wanted, most])
        except TimeoutError:
            return None
        except Error as error:
            self._unless_gone(error, "", selector)
            return None  # it was on its way to another page
        if not isinstance(read, list):
            return None
        hide = self._filled.hidden_of_cut if read[2] else self._filled.hidden
        return bool(read[0]), hide(str(read[1]))

    async def _seen(self, *, again: bool = True) -> str:
        """Where the walk is, with what status (again), and what is shown; ends a sentence."""
        if self._page.is_closed():
            return ""
        place = self._place(self._page.url)
        answered = f", which answered {self._answered}," if self._answered and again else ""
        read = await self._read("body", "")
        text = f" shows {self._quote(read[1])}" if read is not None else " cannot be read"
        return f"; {place}{answered}{text}"

    def _unless_gone(self, error: Error, text: str, selector: str = "") -> Missed:
        """What an error of Playwright means, unless it is that the browser is gone."""
        if CLOSED in error.message or self._page.is_closed():
            raise error
        if re.search(r"parsing|not a valid selector|SyntaxError|Unknown engine", error.message):
            raise Mistaken(f"{self._quote(selector)} is no selector") from None
        return Missed(text)

    def _place(self, url: str) -> str:
        return self._filled.hidden(shown(url))[:MOST_PLACE]

    def _quote(self, text: str) -> str:
        said = self._filled.hidden(text)
        return f"'{said[:MOST_SEEN]}…'" if len(said) > MOST_SEEN else f"'{said}'"

    def _left(self, most: float | None = None) -> float:
        left = self._until - self._now()
        if left <= 0:
            raise Missed("the journey's time was over")
        return left if most is None else min(left, most)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _net_error(error: Error) -> str:
    found = re.search(r"net::(ERR_\w+)", error.message)
    return f" ({found[1]})" if found else ""
