"""The steps of one journey, taken on a page one after the other."""

import asyncio
import contextlib
import re

from playwright.async_api import Error, Frame, Page
from playwright.async_api import TimeoutError as PlaywrightTimeout

from vigil.domain.journey import JourneyProbe, JourneyStep, Measure, PageExpectation
from vigil.integrations._clients.filled import Filled
from vigil.integrations._clients.step_words import named
from vigil.integrations.browser.complaints import Complaints
from vigil.integrations.browser.deadline import Deadline, now
from vigil.integrations.browser.deeds import ELEMENT_S, Deeds
from vigil.integrations.browser.ends import Missed, Unable
from vigil.integrations.browser.expecting import AGAIN_S, Expecting
from vigil.integrations.browser.lacks import wanted_by_page
from vigil.integrations.browser.looks import Looks
from vigil.integrations.browser.moves import LOOK_S, Moves
from vigil.integrations.browser.origins import Bounds
from vigil.integrations.browser.picture import picture_of

BAD_REQUEST, SERVER_ERROR = 400, 500


class Steps:
    """Takes the steps of a journey on one page."""

    def __init__(self, page: Page, bounds: Bounds, journey: JourneyProbe, until: float) -> None:
        self._page = page
        self._bounds = bounds
        self._deadline = Deadline(until)
        self._looks = Looks(page, Filled(journey))
        self._moves = Moves(page)
        asked = any(step.expect is not None and step.expect.console for step in journey.steps)
        self._complaints = Complaints(page, console=asked)
        self._deeds = Deeds(page, self._looks, self._moves, self._deadline)
        self._expecting = Expecting(page, self._looks, self._moves, self._complaints)
        self._took: list[float] = []
        self.notes: list[str] = []
        self.measured: float | None = None
        """Milliseconds, by the last ``measure``."""
        self.picture: bytes | None = None
        """Of the page where the journey wanted one."""

    @property
    def acted(self) -> bool:
        """Something was sent that does not only read: done again, it would be done twice."""
        return self._bounds.acted

    def named(self, step: JourneyStep) -> str:
        """The step in a few words, without any value that is filled in."""
        return named(step, self._looks.quote, self._looks.place)

    async def take(self, step: JourneyStep) -> None:
        """One step; ``Missed``, ``Mistaken``, ``Unable``, or Playwright's ``Error`` if the browser
        is gone.
        """
        began = now()
        try:
            await self._take(step)
        except Missed:
            self.stay()
            self._be_able()
            raise
        finally:
            self._took.append((now() - began) * 1000)
        self.stay()
        answered = self._moves.answered
        if answered is not None and answered >= SERVER_ERROR:
            raise Missed(f"the page answered {answered}{await self._looks.told(None)}")

    def stay(self) -> None:
        """``Missed`` if the page was sent elsewhere, or is too large, whatever else that led to."""
        if self._bounds.refused is not None:
            place = self._looks.place(self._bounds.refused)
            raise Missed(f"the page led to another place ({place}), which is not followed")
        if self._bounds.too_large is not None:
            place = self._looks.place(self._bounds.too_large)
            raise Missed(f"{place} is larger than a page may be")

    def _be_able(self) -> None:
        """``Unable`` if the page failed for want of what users' browsers have."""
        for complaint in self._complaints.first if self._bounds.in_lightpanda else ():
            if (lacks := wanted_by_page(complaint)) is not None:
                raise Unable(lacks)

    async def _take(self, step: JourneyStep) -> None:
        if step.open is not None:
            await self._open(step.open)
        elif step.expect is not None:
            await self._expect(step.expect, step.frame)
        elif step.note is not None:
            await self._note(step.note, step.frame)
        elif step.measure is not None:
            self._measure(step.measure)
        elif step.screenshot is not None:
            self.picture = await picture_of(self._page)
        else:
            await self._do(step)

    async def _do(self, step: JourneyStep) -> None:
        part = await self._part(step.frame)
        async with contextlib.AsyncExitStack() as stack:
            if step.dialog == "accept":
                await stack.enter_async_context(self._deeds.saying_yes())
            if step.click is not None:
                await self._deeds.click(part, step.click)
            elif step.submit is not None:
                await self._deeds.submit(part, step.submit)
            for selector, value in (step.fill or {}).items():
                lightpanda = self._bounds.in_lightpanda
                await self._deeds.fill(part, selector, value, lightpanda=lightpanda)

    async def _open(self, url: str) -> None:
        try:
            response = await self._page.goto(
                url, wait_until="domcontentloaded", timeout=self._deadline.left() * 1000
            )
        except PlaywrightTimeout:
            raise Missed("it did not load in time") from None
        except Error as error:
            text = f"it could not be loaded{_net_error(error)}"
            raise self._looks.unless_gone(error, text) from None
        if response is not None and response.status >= BAD_REQUEST:
            raise Missed(f"it answered {response.status}{await self._looks.told(None)}")

    async def _expect(self, expectation: PageExpectation, frame: str | None) -> None:
        if expectation.console is not None:
            await self._expecting.without_complaint()
            return
        until = now() + self._deadline.left(expectation.within_s)
        shown = await self._expecting.until_shown(
            expectation,
            lambda: self._found(frame, LOOK_S),
            until,
            lambda: self._bounds.refused is not None,
        )
        if not shown:
            raise Missed(f"not within {expectation.within_s:g} s{await self._seen()}")

    async def _note(self, selector: str, frame: str | None) -> None:
        until = now() + self._deadline.left(ELEMENT_S)
        while (read := await self._noted(selector, frame, until)) is None:
            if now() >= until:
                raise Missed(f"nothing at {self._looks.quote(selector)}{await self._seen()}")
            await asyncio.sleep(AGAIN_S)
        self.notes.append(self._looks.quote(read))

    async def _noted(self, selector: str, frame: str | None, until: float) -> str | None:
        part = await self._found(frame, LOOK_S)
        if part is None:
            return None
        read = await self._looks.read(part, selector, "", until - now())
        return read[1] if read is not None else None

    def _measure(self, measure: Measure) -> None:
        self.measured = round(sum(self._took[-measure.steps :]), 1)
        if self.measured > measure.within_ms:
            what = "the step before" if measure.steps == 1 else f"the {measure.steps} steps before"
            taken = f"{self.measured:,.0f} ms, more than {measure.within_ms:,g} ms"
            raise Missed(f"{what} took {taken}")

    async def _part(self, frame: str | None) -> Frame:
        """The page, or the frame of it that is named."""
        part = await self._found(frame, self._deadline.left(ELEMENT_S))
        if part is None:
            raise Missed(f"no frame at {self._looks.quote(frame or '')}{await self._seen()}")
        return part

    async def _found(self, frame: str | None, seconds: float) -> Frame | None:
        if frame is None:
            return self._page.main_frame
        try:
            element = self._page.locator(f"css={frame}").first
            handle = await element.element_handle(timeout=seconds * 1000)
            return await handle.content_frame()
        except PlaywrightTimeout:
            return None
        except Error as error:
            self._looks.unless_gone(error, "", frame)
            return None  # it was being replaced

    async def _seen(self) -> str:
        return await self._looks.told(self._moves.answered)


def _net_error(error: Error) -> str:
    found = re.search(r"net::(ERR_\w+)", error.message)
    return f" ({found[1]})" if found else ""
