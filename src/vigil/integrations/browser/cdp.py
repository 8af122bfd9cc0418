"""Any browser that speaks CDP and that somebody else runs: Chromium, a Lightpanda elsewhere."""

import asyncio
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext

from vigil.domain.journey import JourneyProbe
from vigil.domain.probe import ProbeOutcome
from vigil.domain.run import Health
from vigil.integrations.browser.driver import Driver
from vigil.integrations.browser.walks import Unreachable, Walks
from vigil.ports.browser import Heard, Walk

REACH_S = 3.0
REMEDY = "start the browser there, or correct VIGIL_BROWSER or LIGHTPANDA_WS_ENDPOINT"
_PORTS = {"ws": 80, "wss": 443, "http": 80, "https": 443}


class CdpBrowser:
    """Fulfils ``ports.browser.Browser``. The endpoint may hold a token, and is never shown."""

    connect_s = 8.0

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        parts = urlsplit(endpoint)
        self._host, self._port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 80)
        self.place = f"{self._host}:{self._port}"
        self._walks = Walks(self)

    async def walk(self, journey: JourneyProbe, heard: Heard | None = None) -> Walk:
        """Walk once."""
        return await self._walks.walk(journey, heard)

    async def health(self) -> Health:
        """Whether something listens there."""
        try:
            async with asyncio.timeout(REACH_S):
                _, writer = await asyncio.open_connection(self._host, self._port)
        except (OSError, TimeoutError) as error:
            text = f"no browser at {self.place} ({type(error).__name__})"
            return Health(part="browser", ok=False, text=text, remedy=REMEDY)
        writer.transport.abort()
        return Health(part="browser", ok=True, text=f"something listens at {self.place}")

    async def try_out(self) -> Health:
        """Connect to it once."""
        try:
            speaks = await self._walks.version()
        except Unreachable as error:
            text = f"the browser cannot be used: {error}"
            return Health(part="browser", ok=False, text=text, remedy=REMEDY)
        text = f"the browser at {self.place} answers as Chrome {speaks}"
        return Health(part="browser", ok=True, text=text)

    async def close(self) -> None:
        """End the driver; the browser is somebody else's."""
        await self._walks.close()

    # --- as the endpoint of its own walks -------------------------------------------------------

    async def connect(self, driver: Driver) -> Browser:
        """A connection of one's own."""
        return await driver.connect(self._endpoint)

    async def leave(self, browser: Browser, _: BrowserContext | None) -> None:
        """Hang up, and the context goes."""
        await browser.close()

    def broken_off(self) -> Walk:
        """Who hung up cannot be seen from here."""
        return Walk(outcome=ProbeOutcome.UNKNOWN, text="the connection to the browser broke off.")
