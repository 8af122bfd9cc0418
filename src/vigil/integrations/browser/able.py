"""Two browsers: the usual one, and one for the journeys that need what the usual one lacks."""

from typing import Protocol

from vigil.domain.identity import content_digest
from vigil.domain.journey import JourneyProbe
from vigil.domain.run import Health
from vigil.integrations.browser.deadline import now
from vigil.ports.browser import Browser, Heard, Walk

MOST_KNOWN = 1000
"""Journeys that are remembered; a catalogue has fewer."""
NOT_TWICE = (
    "It had sent something by then, so it was not begun anew at once. The next walk begins in "
    "Chromium, as does `vigil journey check --browser chromium`."
)


class Tried(Browser, Protocol):
    """A browser that can also be tried out."""

    async def try_out(self) -> Health:
        """Start it, or connect to it, once."""
        ...


class AbleBrowser:
    """Fulfils ``ports.browser.Browser``, whichever of the two walks."""

    def __init__(self, usual: Tried, able: Browser) -> None:
        self._usual = usual
        self._able = able
        self._lacking: dict[str, Walk] = {}

    async def walk(self, journey: JourneyProbe, heard: Heard | None = None) -> Walk:
        """Walk once, or twice where it shows on the way that the usual one is not able to.

        The second walk has what the first has left of the time. Next time it is the only one. There
        is none where the first has placed an order, say: one walk never does a thing twice.
        """
        key, began = content_digest(journey.model_dump(mode="json")), now()
        lacking, acted = self._lacking.get(key), False
        if lacking is None:
            lacking = await self._usual.walk(journey, heard)
            if lacking.lacks is None:
                return lacking
            self._remember(key, lacking)
            acted = lacking.acted
        able = await self._able.health()
        if not able.ok:
            remedy = f" A Chromium is not to be had either: {able.text}; {able.remedy}."
            return lacking.model_copy(update={"text": lacking.text + remedy})
        if acted:
            return lacking.model_copy(update={"text": f"{lacking.text} {NOT_TWICE}"})
        left = journey.timeout_s - (now() - began)
        if left <= 0:
            return lacking
        return await self._able.walk(journey.model_copy(update={"timeout_s": left}), heard)

    async def health(self) -> Health:
        """Of the usual one: without the other, fewer journeys can be walked."""
        return await self._beside(await self._usual.health())

    async def try_out(self) -> Health:
        """Start the usual one, or connect to it, once."""
        return await self._beside(await self._usual.try_out())

    async def close(self) -> None:
        """End both."""
        await self._usual.close()
        await self._able.close()

    async def _beside(self, usual: Health) -> Health:
        able = await self._able.health()
        return usual.model_copy(update={"text": f"{usual.text}; for what it lacks: {able.text}"})

    def _remember(self, key: str, lacking: Walk) -> None:
        if len(self._lacking) >= MOST_KNOWN:
            self._lacking.clear()
        self._lacking[key] = lacking.model_copy(update={"screenshot": None})
