"""All sessions of a swarm, each on its own, and what became of each."""

import asyncio

from vigil.domain.swarm import SwarmSpec
from vigil.integrations._clients.lightpanda import NotStarted
from vigil.integrations._clients.places import Origin
from vigil.integrations.swarm.gate import Gate
from vigil.integrations.swarm.link import Gone, Refused
from vigil.integrations.swarm.looks import Missed, cleaned
from vigil.integrations.swarm.pace import Pace
from vigil.integrations.swarm.page import Page
from vigil.integrations.swarm.pool import Browsers
from vigil.integrations.swarm.tally import Tally
from vigil.integrations.swarm.walk import Walk
from vigil.integrations.swarm.walker import Walker

GIVEN_UP = "the browser gave the page up: a script ran for too long, or wanted too much memory"


class Crowd:
    """Sends them through one journey."""

    def __init__(
        self,
        spec: SwarmSpec,
        walker: Walker,
        allowed: frozenset[Origin],
        browsers: Browsers,
        tally: Tally,
    ) -> None:
        self._spec = spec
        self._walker = walker
        self._allowed = allowed
        self._browsers = browsers
        self._tally = tally
        self._gate = Gate(spec.sessions, spec.rate, self._share)

    async def go(self) -> None:
        """Until the last of them has ended."""
        pace = Pace(self._spec.rate)
        async with asyncio.TaskGroup() as sessions:
            for number in range(self._spec.sessions):
                await pace.turn()
                sessions.create_task(self._session(number))

    def _share(self) -> float:
        """Of the rate, by the steps after the one before which they were held."""
        return self._tally.strain.share(self._spec.hold_before or 1)

    async def _session(self, number: int) -> None:
        session = Session(self._walker, self._tally, self._gate, self._spec.hold_before)
        self._tally.begin()
        try:
            link = await self._browsers.link(number)
            try:
                page = await Page.of_new_user(link, self._allowed, console=self._walker.listens)
                await session.walk(page)
            finally:
                link.close()
        except Missed as missed:
            self._tally.ill(session.number, cleaned(str(missed)), lost=False)
        except (Gone, NotStarted, Refused, TimeoutError) as error:
            # A browser that lives on hung up because of the page; one that ended has seen nothing.
            if isinstance(error, Gone) and await self._browsers.lives(number):
                self._tally.ill(session.number, GIVEN_UP, lost=False)
            else:
                why = cleaned(str(error) or "no answer")
                self._tally.ill(session.number, f"its browser was lost ({why})", lost=True)
        finally:
            self._tally.open -= 1
            session.leave()


class Session:
    """One of them, and whether it has come to the gate."""

    def __init__(self, walker: Walker, tally: Tally, gate: Gate, hold_before: int | None) -> None:
        self._walker = walker
        self._tally = tally
        self._gate = gate
        self._hold_before = hold_before
        self._walk: Walk | None = None
        self._came = False

    @property
    def number(self) -> int:
        """Of the step that it is at."""
        return 1 if self._walk is None else self._walk.number

    async def walk(self, page: Page) -> None:
        """All steps."""
        self._walk = Walk(self._walker, page, self._tally.took)
        await self._walk.go(self._hold_before, self._hold)
        self._tally.well(self._walk.seconds)

    def leave(self) -> None:
        """Nobody needs to wait for it any longer."""
        if not self._came:
            self._gate.miss()

    async def _hold(self) -> None:
        self._came = True
        self._tally.wait()
        try:
            await self._gate.wait()
        finally:
            self._tally.held -= 1
