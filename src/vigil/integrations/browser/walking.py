"""One walk: its steps in order, each told as soon as it is over, and what became of it."""

import asyncio

from playwright.async_api import Page

from vigil.domain.journey import JourneyProbe, JourneyStep
from vigil.domain.probe import ProbeOutcome
from vigil.integrations.browser.deadline import now
from vigil.integrations.browser.ends import Missed, Mistaken, Unable
from vigil.integrations.browser.picture import picture_of
from vigil.integrations.browser.steps import Steps
from vigil.ports.browser import Heard, TakenStep, Walk

LATE_S = 1.0
"""A little later than Playwright's own limits, which say better what was missed."""


class Walking:
    """Takes the steps on one page."""

    def __init__(
        self, page: Page, steps: Steps, journey: JourneyProbe, heard: Heard | None
    ) -> None:
        self._page = page
        self._steps = steps
        self._journey = journey
        self._heard = heard
        self._taken = 0

    async def walk(self, until: float) -> Walk:
        """All of it, with a picture; Playwright's ``Error`` when there is no page any more."""
        try:
            async with asyncio.timeout_at(until + LATE_S):
                walk = await self._all()
        except Missed as missed:
            walk = self._over(ProbeOutcome.FAILING, f"{missed}.")
        except Mistaken as mistaken:
            walk = self._over(ProbeOutcome.UNKNOWN, f"{mistaken}; correct the journey.")
        except Unable as unable:
            walk = self._over(ProbeOutcome.UNKNOWN, f"{unable}.", str(unable))
        except TimeoutError:
            text = f"not done within {self._journey.timeout_s:g} s."
            walk = self._over(ProbeOutcome.FAILING, text)
        if walk.outcome is ProbeOutcome.PASSING and self._steps.picture is not None:
            return walk.model_copy(update={"screenshot": self._steps.picture})
        return walk.model_copy(update={"screenshot": await picture_of(self._page)})

    def ended(self, lost: Walk) -> Walk:
        """The walk whose page was lost, and what that means."""
        return self._over(lost.outcome, lost.text)

    async def _all(self) -> Walk:
        began = now()
        for step in self._journey.steps:
            await self._take(step)
        self._steps.stay()
        ms = round((now() - began) * 1000, 1)
        text = f"All {self._taken} steps went as expected in {ms / 1000:.1f} s"
        measured = self._steps.measured
        if measured is not None:
            text += f"; measured: {measured:,.0f} ms"
        if self._steps.notes:
            text += f"; noted: {', '.join(self._steps.notes)}"
        value = ms if measured is None else measured
        return Walk(outcome=ProbeOutcome.PASSING, text=f"{text}.", value=value)

    async def _take(self, step: JourneyStep) -> None:
        began, went = now(), ProbeOutcome.UNKNOWN
        try:
            await self._steps.take(step)
            went = ProbeOutcome.PASSING
        except (Missed, asyncio.CancelledError):
            went = ProbeOutcome.FAILING
            raise
        finally:
            self._tell(step, went, round((now() - began) * 1000, 1))
        self._taken += 1

    def _tell(self, step: JourneyStep, went: ProbeOutcome, ms: float) -> None:
        if self._heard is not None:
            number, text = self._taken + 1, self._steps.named(step)
            self._heard(TakenStep(number=number, text=text, went=went, ms=ms))

    def _over(self, outcome: ProbeOutcome, text: str, lacks: str | None = None) -> Walk:
        count = len(self._journey.steps)
        number = min(self._taken, count - 1)
        named = self._steps.named(self._journey.steps[number])
        text = f"Step {number + 1} of {count} ({named}): {text}"
        value = self._steps.measured
        acted = self._steps.acted
        return Walk(outcome=outcome, text=text, value=value, lacks=lacks, acted=acted)
