"""A Lightpanda of one's own: started at the first walk, started again when it died."""

import sys
from importlib.metadata import PackageNotFoundError, version

from playwright.async_api import Browser, BrowserContext

from vigil.domain.journey import JourneyProbe
from vigil.domain.probe import ProbeOutcome
from vigil.domain.run import Health
from vigil.integrations._clients.lightpanda import Bounds, Lightpanda, NotStarted, binary
from vigil.integrations.browser.driver import Driver
from vigil.integrations.browser.lacks import lacking
from vigil.integrations.browser.walks import Unreachable, Walks
from vigil.ports.browser import Heard, Walk

WATCHDOG_S = 10.0
"""How long a script may run without letting anything else be done."""
CONNECTIONS = 16
"""More than walks at once: a page that is given up holds its own until the watchdog ends it."""
MOST_BYTES = 1024**3
HEAP_MB = 256
REMEDY = "reinstall the package 'lightpanda', or set LIGHTPANDA_WS_ENDPOINT to another browser"


class LightpandaBrowser:
    """Fulfils ``ports.browser.Browser``."""

    connect_s = 8.0
    place = "Lightpanda"

    def __init__(self, watchdog_s: float = WATCHDOG_S) -> None:
        self._process = Lightpanda(Bounds(watchdog_s, CONNECTIONS, MOST_BYTES, HEAP_MB))
        self._watchdog_s = watchdog_s
        self._walks = Walks(self)
        self._trouble: str | None = None

    @property
    def pid(self) -> int | None:
        """Of the browser, while it runs."""
        return self._process.pid

    async def walk(self, journey: JourneyProbe, heard: Heard | None = None) -> Walk:
        """Walk once; no browser is started for what it lacks."""
        if (lacks := lacking(journey.needs)) is not None:
            text = f"{lacks}; the walk was not begun."
            return Walk(outcome=ProbeOutcome.UNKNOWN, text=text, lacks=lacks)
        return await self._walks.walk(journey, heard)

    async def health(self) -> Health:
        """Whether it runs or could; a look at ``/ready`` starts no browser."""
        text = self._trouble or _lacking()
        if text is not None:
            return Health(part="browser", ok=False, text=text, remedy=REMEDY)
        doing = "runs" if self.pid is not None else "is started by the first journey"
        return Health(part="browser", ok=True, text=f"Lightpanda {_version()} {doing}")

    async def try_out(self) -> Health:
        """Start it and connect to it once."""
        try:
            speaks = await self._walks.version()
        except Unreachable as error:
            return Health(part="browser", ok=False, text=str(error), remedy=REMEDY)
        text = f"Lightpanda {_version()} starts, and answers as Chrome {speaks}"
        return Health(part="browser", ok=True, text=text)

    async def close(self) -> None:
        """End browser and driver."""
        await self._walks.close()
        await self._process.close()

    # --- as the endpoint of its own walks -------------------------------------------------------

    async def connect(self, driver: Driver) -> Browser:
        """A connection of one's own: it has one context for each."""
        try:
            socket = await self._process.socket()
        except NotStarted as error:
            self._trouble = str(error)
            raise Unreachable(self._trouble) from None
        self._trouble = None
        return await driver.connect(f"ws+unix://{socket}:/")

    async def leave(self, browser: Browser, _: BrowserContext | None) -> None:
        """Hang up, and the context goes."""
        await browser.close()

    def broken_off(self) -> Walk:
        """A browser that lives on hung up because of the page; one that died has seen nothing."""
        if self.pid is None:
            return Walk(
                outcome=ProbeOutcome.UNKNOWN,
                text="the browser itself ended; the next walk starts another.",
            )
        return Walk(
            outcome=ProbeOutcome.FAILING,
            text=(
                "the browser gave the page up: a script ran for more than "
                f"{self._watchdog_s:g} s, or wanted too much memory."
            ),
        )


def _lacking() -> str | None:
    if sys.platform != "linux":
        return "Lightpanda is run on Linux only"
    try:
        binary()
    except NotStarted as error:
        return str(error)
    return None


def _version() -> str:
    try:
        return version("lightpanda")
    except PackageNotFoundError:
        return "of unknown version"
