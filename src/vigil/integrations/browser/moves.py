"""Where a page is on its way to, and what it was answered there."""

import asyncio
import contextlib

from playwright.async_api import Error, Frame, Page, Request, Response

LOOK_S = 1.0
"""How long a look at a page may take that is not what is waited for."""
_NEXT_TASK = "() => new Promise(done => setTimeout(done, 0))"


class Moves:
    """Watches a page's own way, not that of its frames."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.answered: int | None = None
        """The status of the last answer to the page itself."""
        self._arrived = asyncio.Event()
        self._arrived.set()
        page.on("request", lambda r: self._arrived.clear() if self._is_move(r) else None)
        page.on("response", self._heard)
        page.on("requestfinished", lambda r: self._arrived.set() if self._is_move(r) else None)
        page.on("requestfailed", lambda r: self._arrived.set() if self._is_move(r) else None)
        page.on("framenavigated", lambda f: self._arrived.set() if self._is_own(f) else None)

    async def arrive(self, most_s: float) -> None:
        """Wait for the page that a click leads to, or ``TimeoutError``; the next step is for that.

        Playwright waits too, but a browser may tell of the move a moment after the click.
        """
        await self.settle()
        async with asyncio.timeout(most_s):
            await self._arrived.wait()

    async def settle(self) -> None:
        """Let the page's next task begin, and with it hear all that was told before."""
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await self._page.evaluate(_NEXT_TASK)

    def _heard(self, response: Response) -> None:
        if self._is_move(response.request):
            self.answered = response.status

    def _is_move(self, request: Request) -> bool:
        """Whether it asks for the page itself."""
        try:
            return request.is_navigation_request() and self._is_own(request.frame)
        except Error:  # a request of a worker has no frame
            return False

    def _is_own(self, frame: Frame) -> bool:
        return frame == self._page.main_frame
