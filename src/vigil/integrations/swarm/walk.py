"""One session of a swarm: the steps of a journey, taken by one user."""

from collections.abc import Awaitable, Callable

from vigil.domain.journey import JourneyStep, PageExpectation
from vigil.integrations.swarm import scripts
from vigil.integrations.swarm.link import Refused
from vigil.integrations.swarm.looks import FIRST_AGAIN_S, Looks, Missed, is_no_selector, now
from vigil.integrations.swarm.page import Page
from vigil.integrations.swarm.walker import Walker

ELEMENT_S = 5.0
"""How long an element may take to appear and to be ready, as elsewhere."""
RELOAD_S = 1.0
BAD_REQUEST, SERVER_ERROR = 400, 500

Took = Callable[[int, float], None]
"""Hears the number of each step that went well, and how many seconds it took."""


class Walk:
    """One user's way through the steps, from the first to the last or to the one that is missed."""

    def __init__(self, walker: Walker, page: Page, told: Took) -> None:
        self._journey = walker.journey
        self._page = page
        self._looks = Looks(page, walker.filled)
        self._told = told
        self._took: list[float] = []
        self._until = 0.0
        self.number = 1
        """Of the step that is taken now."""

    @property
    def seconds(self) -> float:
        """How long all steps took together."""
        return sum(self._took)

    async def go(self, hold_before: int | None, hold: Callable[[], Awaitable[None]]) -> None:
        """All steps, and the wait before one of them; ``Missed``, ``Gone``, ``TimeoutError``.

        What the wait takes is not part of the journey's time.
        """
        self._until = now() + self._journey.timeout_s
        for number, step in enumerate(self._journey.steps, start=1):
            self.number = number
            if number == hold_before:
                began = now()
                await hold()
                self._until += now() - began
            began = now()
            await self._take(step)
            self._took.append(now() - began)
            self._told(number, self._took[-1])

    async def _take(self, step: JourneyStep) -> None:
        try:
            await self._do(step)
        except Refused as refused:
            why = "a selector is none" if is_no_selector(refused) else "the page left"
            raise Missed(f"{why} ({self._looks.quote(str(refused))})") from None
        except Missed:
            self._stay()
            raise
        self._stay()
        if self._page.answered is not None and self._page.answered >= SERVER_ERROR:
            raise Missed(f"the page answered {self._page.answered}{await self._looks.told()}")

    def _stay(self) -> None:
        if self._page.refused is not None:
            place = self._looks.place(self._page.refused)
            raise Missed(f"the page led to another place ({place}), which is not followed")

    async def _do(self, step: JourneyStep) -> None:
        if step.open is not None:
            await self._open(step.open)
        if step.fill is not None:
            for selector, value in step.fill.items():
                await self._fill(selector, value)
        if step.click is not None:
            await self._click(step.click)
        if step.submit is not None:
            await self._submit(step.submit)
        if step.expect is not None:
            await self._expect(step.expect)
        if step.note is not None:
            await self._note(step.note)
        if step.measure is not None:
            self._measure(step.measure.steps, step.measure.within_ms)

    async def _open(self, url: str) -> None:
        try:
            error = await self._page.goto(url, self._left())
        except TimeoutError:
            raise Missed("it did not load in time") from None
        if error is not None and self._page.refused is None:
            raise Missed(f"it could not be loaded ({self._looks.quote(error)})")
        if self._page.answered is not None and self._page.answered >= BAD_REQUEST:
            raise Missed(f"it answered {self._page.answered}{await self._looks.told()}")

    async def _fill(self, selector: str, value: str) -> None:
        filled = await self._looks.until(
            self._soon(), lambda: self._page.run(scripts.FILL, selector, value)
        )
        if filled is None:
            raise Missed(f"nothing to fill at {self._looks.quote(selector)}{await self._seen()}")
        if filled is False:
            raise Missed(f"{self._looks.quote(selector)} cannot be filled in")

    async def _click(self, selector: str) -> None:
        if await self._done_once(scripts.CLICK, selector) is None:
            text = f"{self._looks.quote(selector)} is not there to be clicked"
            raise Missed(f"{text}{await self._seen()}")
        await self._arrive()

    async def _submit(self, selector: str) -> None:
        hindrance = await self._done_once(scripts.SUBMIT, selector)
        if hindrance is None:
            raise Missed(f"no form at {self._looks.quote(selector)}{await self._seen()}")
        if hindrance:
            raise Missed(f"{self._looks.quote(selector)} {self._looks.quote(str(hindrance))[1:-1]}")
        await self._arrive()

    async def _done_once(self, deed: str, selector: str) -> object:
        """What it says once there is something to do it to. Where nobody knows whether it was
        done, as the page left meanwhile, it is not done again: it may have placed an order.
        """

        async def tried() -> object:
            try:
                return await self._page.run(deed, selector)
            except Refused as refused:
                if is_no_selector(refused):
                    raise
                raise Missed(
                    f"the page left while {self._looks.quote(selector)} was used"
                ) from None

        return await self._looks.until(self._soon(), tried)

    async def _arrive(self) -> None:
        try:
            await self._page.arrive(self._left(ELEMENT_S))
        except TimeoutError:
            raise Missed(f"what it leads to did not answer{await self._seen()}") from None

    async def _note(self, selector: str) -> None:
        """Read, as a user would; a swarm keeps nobody's notes."""
        read = await self._looks.until(
            self._soon(), lambda: self._page.run(scripts.READ, selector, "", 1)
        )
        if read is None:
            raise Missed(f"nothing at {self._looks.quote(selector)}{await self._seen()}")

    def _measure(self, steps: int, within_ms: float) -> None:
        found = sum(self._took[-steps:]) * 1000
        if found > within_ms:
            raise Missed(f"the steps before took {found:,.0f} ms, more than {within_ms:,g} ms")

    async def _expect(self, expectation: PageExpectation) -> None:
        if expectation.console is not None:
            if self._page.complaints:
                first = self._looks.quote(self._page.complaints[0])
                raise Missed(f"its scripts complained: {first}")
            return
        until = now() + self._left(expectation.within_s)
        reload_at = now() + RELOAD_S if expectation.reload else until

        async def shows() -> bool | None:
            nonlocal reload_at
            if expectation.reload and now() >= reload_at:
                await self._load_again(until)
                reload_at = now() + RELOAD_S
            return await self._looks.shows(expectation) or None

        if await self._looks.until(until, shows) is None:
            raise Missed(f"not within {expectation.within_s:g} s{await self._seen()}")

    async def _load_again(self, until: float) -> None:
        """Ask for the address again; a reload would send a form a second time."""
        here = (await self._page.address()).partition("#")[0]
        await self._page.goto(here, max(until - now(), FIRST_AGAIN_S))

    async def _seen(self) -> str:
        return await self._looks.told()

    def _soon(self) -> float:
        """Until when an element may take to be there."""
        return now() + self._left(ELEMENT_S)

    def _left(self, most: float | None = None) -> float:
        left = self._until - now()
        if left <= 0:
            raise Missed("the journey's time was over")
        return left if most is None else min(left, most)
