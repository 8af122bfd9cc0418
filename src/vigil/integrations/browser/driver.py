"""Playwright's driver: one Node.js process for all walks, started at the first of them."""

import asyncio
import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from weakref import WeakKeyDictionary

from playwright.async_api import Browser, Error, Playwright, async_playwright

from vigil.integrations._clients.scratch import Scratch

STOP_S = 10.0
_BARE = {"PATH": "/usr/bin:/bin"}
"""All that a browser is told of the world it is started in."""
_TEMPORARY = "TMPDIR"
_STARTING = WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock]()
"""One driver is started at a time, for the sake of the environment."""


class Driver:
    """Starts it once, and again after it was dropped."""

    def __init__(self) -> None:
        self._playwright: Playwright | None = None
        self._folder: Scratch | None = None
        self._closed = False
        self._turn = asyncio.Lock()

    async def connect(self, address: str) -> Browser:
        """A new connection to a browser; Playwright's ``Error`` when there is none to be had."""
        playwright, folder = await self._running()
        return await playwright.chromium.connect_over_cdp(address, artifacts_dir=folder)

    async def launch(self, program: str, arguments: Sequence[str], seconds: float) -> Browser:
        """A Chromium of the driver's own, spoken to through a pipe that nobody else can enter;
        ``Error`` when it does not start.
        """
        playwright, folder = await self._running()
        return await playwright.chromium.launch(
            executable_path=program,
            args=arguments,
            ignore_default_args=True,
            env=dict(_BARE),
            # Ctrl-C is for Vigil, which then ends the browser in order.
            handle_sigint=False,
            handle_sigterm=False,
            handle_sighup=False,
            timeout=seconds * 1000,
            artifacts_dir=folder,
        )

    async def _running(self) -> tuple[Playwright, str]:
        async with self._turn:
            if self._closed:
                raise Error("the driver was closed")
            if self._folder is None:
                self._folder = Scratch()
            if self._playwright is None:
                self._playwright = await _started_in(self._folder.path)
            return self._playwright, str(self._folder.path)

    async def close(self) -> None:
        """End it for good."""
        self._closed = True
        await self.drop()

    async def drop(self) -> None:
        """End it; the next connection starts another."""
        async with self._turn:
            playwright, self._playwright = self._playwright, None
            folder, self._folder = self._folder, None
            if playwright is not None:
                with contextlib.suppress(Error, OSError, TimeoutError):
                    async with asyncio.timeout(STOP_S):
                        await playwright.stop()
            if folder is not None:
                folder.remove()


async def _started_in(folder: Path) -> Playwright:
    """A driver that has this folder for its temporary files.

    It makes one for each browser and each connection, and leaves them where it is killed. Its
    environment is this process's, so that is where it has to be said. Nobody else hears it:
    Python has settled on a place by now, and no program of Vigil's is given this environment.
    """
    async with _STARTING.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
        usual = os.environ.get(_TEMPORARY)
        os.environ[_TEMPORARY] = str(folder)
        try:
            return await async_playwright().start()
        finally:
            if usual is None:
                del os.environ[_TEMPORARY]
            else:
                os.environ[_TEMPORARY] = usual
