"""Walks over CDP, whoever's browser it is: a context of its own, a new user, for each."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, Protocol

from playwright.async_api import Browser, BrowserContext, Error, Page, ViewportSize

from vigil.domain.journey import JourneyProbe
from vigil.domain.probe import ProbeOutcome
from vigil.integrations._clients.places import origins_of
from vigil.integrations.browser.deadline import now
from vigil.integrations.browser.driver import Driver
from vigil.integrations.browser.ends import Unable
from vigil.integrations.browser.lacks import lacking
from vigil.integrations.browser.origins import Bounds
from vigil.integrations.browser.steps import Steps
from vigil.integrations.browser.walking import Walking
from vigil.ports.browser import Heard, Walk

AT_ONCE = 4
PAGE_S = 7.0
CLOSE_S = 1.0
VIEWPORT = ViewportSize(width=1024, height=768)


class Unreachable(Exception):
    """No browser to walk with; says why and what to do."""


class Endpoint(Protocol):
    """Where a browser is to be had."""

    connect_s: float
    """How long that may take."""
    place: str
    """Where that is, for people: no credential that an address may hold."""

    async def connect(self, driver: Driver) -> Browser:
        """One to walk with, started if need be; ``Unreachable``, or an error of the driver."""
        ...

    async def leave(self, browser: Browser, context: BrowserContext | None) -> None:
        """A walk is over. A page may hold that up, and nobody waits for it."""
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

    async def walk(self, journey: JourneyProbe, heard: Heard | None = None) -> Walk:
        """Walk once, for at most the journey's time and what a picture and leaving take.

        What starting a browser takes is not part of the journey's time.
        """
        asked = now()
        try:
            async with asyncio.timeout(journey.timeout_s):
                await self._free.acquire()
        except TimeoutError:
            text = f"No browser was free within {journey.timeout_s:g} s; the walk was not begun."
            return _unknown(text)
        self._walking += 1
        try:
            return await self._walk(journey, journey.timeout_s - (now() - asked), heard)
        except Unreachable as error:
            return _unknown(f"The browser cannot be used: {error}.")
        except Unable as unable:
            return _unknown(f"{unable}; the walk was not begun.", lacks=str(unable))
        finally:
            self._walking -= 1
            self._free.release()

    async def version(self) -> str:
        """The browser's own name for its version, by a connection; ``Unreachable``."""
        browser = await self._connected()
        version = browser.version
        await self._leave(browser, None)
        return version

    async def close(self) -> None:
        """End the driver, and with it every connection."""
        await self._driver.close()
        if self._leaving:
            await asyncio.wait(self._leaving, timeout=CLOSE_S)

    async def _walk(self, journey: JourneyProbe, seconds: float, heard: Heard | None) -> Walk:
        browser = await self._connected()
        context: BrowserContext | None = None
        try:
            async with asyncio.timeout(PAGE_S):
                context = await browser.new_context(viewport=VIEWPORT, accept_downloads=False)
                page = await context.new_page()
                bounds = await Bounds.over(page, origins_of(journey))
            if bounds.in_lightpanda and (lacks := lacking(journey.needs)) is not None:
                raise Unable(lacks)
            until = now() + seconds
            walking = Walking(page, Steps(page, bounds, journey, until), journey, heard)
            try:
                return await walking.walk(until)
            except Error:
                return walking.ended(await self._lost(page))
        except (Error, TimeoutError) as error:
            if not browser.is_connected():
                return self._endpoint.broken_off()
            raise Unreachable(f"it made no page ({type(error).__name__})") from None
        finally:
            await self._leave(browser, context)

    async def _connected(self) -> Browser:
        """A browser for one walk; once more when the driver had died since the last walk."""
        until = now() + self._endpoint.connect_s
        with contextlib.suppress(Unreachable):
            return await self._connect(until)
        return await self._connect(until)

    async def _connect(self, until: float) -> Browser:
        try:
            async with asyncio.timeout_at(until):
                return await self._endpoint.connect(self._driver)
        except (Error, OSError, TimeoutError) as error:
            await self._drop_driver()
            # The address may hold a token, and Playwright's messages hold the address.
            why = type(error).__name__
            raise Unreachable(f"no connection to {self._endpoint.place} ({why})") from None

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

    async def _leave(self, browser: Browser, context: BrowserContext | None) -> None:
        """Go; a page whose script never ends may hold that up, and is not waited for."""
        await self._within(CLOSE_S, self._endpoint.leave(browser, context))

    async def _within(self, seconds: float, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._leaving.add(task)
        task.add_done_callback(self._left)
        await asyncio.wait({task}, timeout=seconds)

    def _left(self, task: asyncio.Task[Any]) -> None:
        self._leaving.discard(task)
        if not task.cancelled():
            task.exception()  # seen, so that the loop does not complain that nobody looked


def _unknown(text: str, *, lacks: str | None = None) -> Walk:
    return Walk(outcome=ProbeOutcome.UNKNOWN, text=text, lacks=lacks)
