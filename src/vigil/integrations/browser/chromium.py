"""A Chromium of one's own: started at the first walk that goes there, one for all walks."""

import asyncio
from collections import Counter

from playwright.async_api import Browser, BrowserContext, Error

from vigil.domain.journey import JourneyProbe
from vigil.domain.probe import ProbeOutcome
from vigil.domain.run import Health
from vigil.integrations.browser import confined
from vigil.integrations.browser.driver import Driver
from vigil.integrations.browser.walks import Unreachable, Walks
from vigil.ports.browser import Heard, Walk

REMEDY = "apt-get install chromium bubblewrap, or set VIGIL_BROWSER to the address of a browser"
START_S = 12.5
LEAVE_S = 3.0


class ChromiumBrowser:
    """Fulfils ``ports.browser.Browser``. It speaks with its browser through a pipe: CDP asks nobody
    who they are, and nobody else can reach that.
    """

    connect_s = START_S + 0.5
    place = "Chromium"

    def __init__(self) -> None:
        self._walks = Walks(self)
        self._browser: Browser | None = None
        self._inside: Counter[Browser] = Counter()
        self._turn = asyncio.Lock()

    async def walk(self, journey: JourneyProbe, heard: Heard | None = None) -> Walk:
        """Walk once."""
        return await self._walks.walk(journey, heard)

    async def health(self) -> Health:
        """Whether it could be started; a look at ``/ready`` starts no browser."""
        if (lacks := confined.lacking()) is not None:
            return Health(part="browser", ok=False, text=lacks, remedy=REMEDY)
        doing = "runs" if self._runs() else "is started by the first journey"
        return Health(part="browser", ok=True, text=f"{confined.chromium()} {doing}")

    async def try_out(self) -> Health:
        """Start it once."""
        try:
            version = await self._walks.version()
        except Unreachable as error:
            return Health(part="browser", ok=False, text=str(error), remedy=REMEDY)
        return Health(part="browser", ok=True, text=f"Chromium {version} starts")

    async def close(self) -> None:
        """End browser and driver."""
        await self._walks.close()

    # --- as the endpoint of its own walks -------------------------------------------------------

    async def connect(self, driver: Driver) -> Browser:
        """The one that runs, or a new one; ``Unreachable`` where none can be started."""
        async with self._turn:
            if self._browser is None or not self._browser.is_connected():
                if (lacks := confined.lacking()) is not None:
                    raise Unreachable(lacks)
                program, arguments = confined.command()
                self._browser = await driver.launch(program, arguments, START_S)
            self._inside[self._browser] += 1
            return self._browser

    async def leave(self, browser: Browser, context: BrowserContext | None) -> None:
        """Forget the user. A browser whose page cannot be closed gets no further walk, and is ended
        as soon as the others in it are over.
        """
        async with self._turn:  # no walk begins beside a page that holds everything up
            if self._browser is browser and not await _closed(context):
                self._browser = None
        self._inside[browser] -= 1
        if not self._inside[browser]:
            del self._inside[browser]
            if browser is not self._browser:
                await browser.close()

    def broken_off(self) -> Walk:
        """Its end says nothing of the page: it has processes of its own for those."""
        return Walk(
            outcome=ProbeOutcome.UNKNOWN,
            text="the browser itself ended; the next walk starts another.",
        )

    def _runs(self) -> bool:
        return self._browser is not None and self._browser.is_connected()


async def _closed(context: BrowserContext | None) -> bool:
    try:
        async with asyncio.timeout(LEAVE_S):
            if context is not None:
                await context.close()
    except TimeoutError:
        return False
    except Error:  # the browser is gone, and the context with it
        return True
    return True
