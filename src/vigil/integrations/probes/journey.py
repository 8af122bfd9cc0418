"""A walk through pages in a browser, with a picture of where it ended."""

from vigil.domain.journey import JourneyProbe
from vigil.integrations.probes.sight import Sight, unknown
from vigil.ports.browser import Browser
from vigil.ports.screenshots import Screenshots


async def walk_journey(
    probe: JourneyProbe, browser: Browser | None, screenshots: Screenshots | None
) -> Sight:
    """Walk, and keep the picture."""
    if browser is None:
        return unknown("There is no browser here to walk the journey with.")
    walk = await browser.walk(probe)
    kept = None
    if screenshots is not None and walk.screenshot is not None:
        kept = await screenshots.keep(walk.screenshot)
    return Sight(walk.outcome, walk.text, kept, walk.value)
