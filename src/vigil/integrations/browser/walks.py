"""Walks over CDP, whoever's browser it is: a connection and a context of its own for each."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, Protocol

from playwright.async_api import Browser, Error, Page, ViewportSize

from vigil.domain.probe import JourneyProbe, ProbeOutcome
from vigil.integrations.browser.driver import Driver
from vigil.integrations.browser.origins import Bounds
from vigil.integrations.browser.places import origins_of
from vigil.integrations.browser.steps import Missed, Mistaken, Steps
from vigil.ports.browser import Walk

AT_ONCE = 4
CONNECT_S = 8.0
PAGE_S = 5.0
PICTURE_S = 2.0
CLOSE_S = 1.0
MOST_PICTURE = 2 * 1024**2
VIEWPORT = ViewportSize(width=1024, height=768)


class Unreachable(Exception):
    """No browser to walk with; says why and what to do."""


class Endpoint(Protocol):
    """Where a browser listens."""

    async def address(self) -> str:
        """Its CDP address, started if need be; ``Unreachable``."""
        ...

    def broken_off(self) -> Walk:
        """What it means that the connection ended in the middle of a walk; ends with a stop."""
        ...


class Walks:
    """Takes walks in the browsers at one endpoint."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._driver = Driver()
        self._free = asyncio.Semaphore(AT_ONCE)
        self._walking = 0
        self._leaving: set[asyncio.Task[Any]] = set()

    async def walk(self, journey: JourneyProbe) -> Walk:
        """Walk once, for at most the journey's time and what a picture and leaving take.

        What starting a browser takes is not part of the journey's time.
        """
        asked = _now()
        try:
            async with asyncio.timeout(journey.timeout_s):
                await self._free.acquire()
        except TimeoutError:
            text = f"No browser was free within {journey.timeout_s:g} s; the walk was not begun."
            return _unknown(text)
        self._walking += 1
        try:
            return await self._walk(journey, journey.timeout_s - (_now() - asked))
        except Unreachable as error:
            return _unknown(f"The browser cannot be used: {error}.")
        finally:
            self._walking -= 1
            self._free.release()

    async def version(self) -> str:
        """The browser's own name for its version, by a connection; ``Unreachable``."""
        browser = await self._connected()
        version = browser.version
        await self._leave(browser)
        return version

    async def close(self) -> None:
        """End the driver, and with it every connection."""
        await self._driver.close()
        if self._leaving:
            await asyncio.wait(self._leaving, timeout=CLOSE_S)

    async def _walk(self, journey: JourneyProbe, seconds: float) -> Walk:
        browser = await self._connected()
        try:
            async with asyncio.timeout(PAGE_S):
                page, bounds = await _fresh_page(browser, journey)
            until = _now() + seconds
            return await self._see(Steps(page, bounds, journey, until), page, journey, until)
        except (Error, TimeoutError) as error:
            if not browser.is_connected():
                return self._endpoint.broken_off()
            raise Unreachable(f"it made no page ({type(error).__name__})") from None
        finally:
            await self._leave(browser)

    async def _connected(self) -> Browser:
        """A connection of one's own; once more when the driver had died since the last walk."""
        address = await self._endpoint.address()
        until = _now() + CONNECT_S
        with contextlib.suppress(Unreachable):
            return await self._connect(address, until)
        return await self._connect(address, until)

    async def _connect(self, address: str, until: float) -> Browser:
        try:
            async with asyncio.timeout_at(until):
                return await self._driver.connect(address)
        except (Error, OSError, TimeoutError) as error:
            await self._drop_driver()
            # The address may hold a token, and Playwright's messages hold the address.
            raise Unreachable(f"no connection to it ({type(error).__name__})") from None

    async def _see(self, steps: Steps, page: Page, journey: JourneyProbe, until: float) -> Walk:
        began, taken = _now(), 0
        try:
            # A little later than Playwright's own limits, which say better what was missed.
            async with asyncio.timeout_at(until + CLOSE_S):
                for step in journey.steps:
                    await steps.take(step)
                    taken += 1
                steps.stay()
            text = f"All {taken} steps went as expected in {_now() - began:.1f} s"
            noted = f"; noted: {', '.join(steps.notes)}" if steps.notes else ""
            outcome, text = ProbeOutcome.PASSING, f"{text}{noted}."
        except Missed as missed:
            outcome, text = ProbeOutcome.FAILING, f"{_place(taken, steps, journey)}: {missed}."
        except Mistaken as mistaken:
            text = f"{_place(taken, steps, journey)}: {mistaken}; correct the journey."
            outcome = ProbeOutcome.UNKNOWN
        except TimeoutError:
            text = f"{_place(taken, steps, journey)}: not done within {journey.timeout_s:g} s."
            outcome = ProbeOutcome.FAILING
        except Error:
            lost = await self._lost(page)
            text = f"{_place(taken, steps, journey)}: {lost.text}"
            return lost.model_copy(update={"text": text})
        return Walk(outcome=outcome, text=text, screenshot=await _picture(page))

    async def _lost(self, page: Page) -> Walk:
        """What it means that there is no page any more; the text ends with a stop."""
        browser = page.context.browser
        if browser is None or not browser.is_connected():
            return self._endpoint.broken_off()
        if page.is_closed():
            return Walk(outcome=ProbeOutcome.FAILING, text="the page closed itself.")
        await self._drop_driver()
        return _unknown("the driver of the browser ended; the next walk starts another.")

    async def _drop_driver(self) -> None:
        """Unless another walk may still be well with it."""
        if self._walking <= 1:
            await self._driver.drop()

    async def _leave(self, browser: Browser) -> None:
        """Hang up; a page whose script never ends may hold that up, and is not waited for."""
        await self._within(CLOSE_S, browser.close())

    async def _within(self, seconds: float, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._leaving.add(task)
        task.add_done_callback(self._left)
        await asyncio.wait({task}, timeout=seconds)

    def _left(self, task: asyncio.Task[Any]) -> None:
        self._leaving.discard(task)
        if not task.cancelled():
            task.exception()  # seen, so that the loop does not complain that nobody looked


async def _fresh_page(browser: Browser, journey: JourneyProbe) -> tuple[Page, Bounds]:
    """A new user's page, held at the places that the journey opens."""
    context = await browser.new_context(viewport=VIEWPORT, accept_downloads=False)
    page = await context.new_page()
    return page, await Bounds.over(page, origins_of(journey))


async def _picture(page: Page) -> bytes | None:
    """What the page looks like now, if it can be taken; no walk fails for want of one."""
    with contextlib.suppress(Error, TimeoutError):
        async with asyncio.timeout(PICTURE_S):
            picture = await page.screenshot(type="png", timeout=PICTURE_S * 1000)
            return picture if len(picture) <= MOST_PICTURE else None
    return None


def _place(taken: int, steps: Steps, journey: JourneyProbe) -> str:
    number = min(taken, len(journey.steps) - 1)
    return f"Step {number + 1} of {len(journey.steps)} ({steps.named(journey.steps[number])})"


def _unknown(text: str) -> Walk:
    return Walk(outcome=ProbeOutcome.UNKNOWN, text=text)


def _now() -> float:
    return asyncio.get_running_loop().time()
