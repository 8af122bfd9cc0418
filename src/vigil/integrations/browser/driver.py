"""Playwright's driver: one Node.js process for all walks, started at the first of them."""

import asyncio
import contextlib

from playwright.async_api import Error, Playwright, async_playwright

STOP_S = 5.0


class Driver:
    """Starts it once, and again after it was dropped."""

    def __init__(self) -> None:
        self._playwright: Playwright | None = None
        self._closed = False
        self._turn = asyncio.Lock()

    async def get(self) -> Playwright:
        """The running one; Playwright's ``Error`` when it cannot be started any more."""
        async with self._turn:
            if self._closed:
                raise Error("the driver was closed")
            if self._playwright is None:
                self._playwright = await async_playwright().start()
            return self._playwright

    async def close(self) -> None:
        """End it for good."""
        self._closed = True
        await self.drop()

    async def drop(self) -> None:
        """End it; the next walk starts another."""
        async with self._turn:
            playwright, self._playwright = self._playwright, None
            if playwright is not None:
                with contextlib.suppress(Error, OSError, TimeoutError):
                    async with asyncio.timeout(STOP_S):
                        await playwright.stop()
