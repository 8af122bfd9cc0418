"""Aftercare: what was proven fixed is looked at again, a few times, until its time is over.

What is to be done follows from rows: which incidents were proven, and which of their moments have
been looked at. So whichever worker leads this goes on where another one stopped. What has failed
often enough is told to the inbox, as by any other source of alerts; that it is a recurrence is then
found by whoever takes that incident up (``story/recurring.py``).
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from vigil.domain.afterlook import Afterlook
from vigil.domain.alert import Delivery
from vigil.domain.incident import Incident, Stage
from vigil.observe import aftercare
from vigil.story.looking_after import Cured, look_after
from vigil.story.parts import Parts
from vigil.story.recorded import Recorded

log = structlog.get_logger()

EVERY_S = 5.0
"""How often it is asked whether a moment has come."""
MOST = 500
"""So many incidents are watched at most: those that were closed last."""
LATE_S = 600.0
"""How much later than its time an incident is still looked at for the last time, by a Vigil that
was away in between; what is found later than that is new trouble."""
AT_WORK = frozenset({Stage.EXECUTING, Stage.VERIFYING})
"""Where a plan may have something restarted."""

Hear = Callable[[Delivery], Awaitable[None]]
"""As the engine hears any other source."""


@dataclass
class _Case:
    """One cure, as this process has it."""

    cured: Cured
    looked: int = 0
    """The newest moment that is known to have been looked at."""


class Aftercare:
    """Looks, and tells the engine what it saw as any other source does."""

    def __init__(self, parts: Parts, hear: Hear) -> None:
        self._parts = parts
        self._hear = hear
        self._cases: dict[str, _Case] = {}
        self._over: set[str] = set()

    async def watch(self) -> None:
        """Look whenever a moment has come, without end."""
        while True:
            await self.round()
            await asyncio.sleep(EVERY_S)

    async def round(self) -> None:
        """Look at whatever has come to be due, one after the other: it must not be a burden.

        While Vigil is stopped nothing is looked at: a walk through pages does things.
        """
        await self._take_up()
        if self._parts.switch.read().stopped:
            return
        for case in tuple(self._cases.values()):
            if await self._see_to(case):
                del self._cases[case.cured.incident.id]
                self._over.add(case.cured.incident.id)

    async def _take_up(self) -> None:
        """Those that are not known yet; age is counted from here on by what cannot be set."""
        clock, known = self._parts.senses.clock, self._parts.catalogue.services
        longest = max((service.watch_after_s for service in known.values()), default=0)
        if not longest:
            return
        since = clock.now() - timedelta(seconds=longest + LATE_S)
        proven = await self._parts.journal.verified_since(since, MOST)
        self._over &= {incident.id for incident in proven}
        for incident in proven:
            service = known.get(incident.service)
            symptom = service.symptoms.get(incident.symptom) if service else None
            if service is None or symptom is None or incident.closed_at is None:
                continue
            age = max((clock.now() - incident.closed_at).total_seconds(), 0.0)
            in_time = bool(service.watch_after_s) and age <= service.watch_after_s + LATE_S
            if in_time and incident.id not in self._cases.keys() | self._over:
                ended = clock.elapsed() - age
                self._cases[incident.id] = _Case(Cured(incident, service, symptom, ended))

    async def _see_to(self, case: _Case) -> bool:
        """Look, if a moment has come; whether it is over, as no other one will or need come."""
        cured = case.cured
        age = self._parts.senses.clock.elapsed() - cured.ended
        due = aftercare.moment_due(age, cured.service.watch_after_s)
        if due <= case.looked:
            return False
        recorded = Recorded(self._parts.journal, cured.incident.id, cured.incident.attempt)
        if await recorded.recurrence_of_it() is not None:
            return True
        before = await recorded.afterlooks()
        newest = before[-1] if before else None
        if newest is None or (newest.number < due and not newest.back):
            plan = await recorded.plan()
            if plan is None:
                return True  # It is erased by now.
            if await self._somebody_is_at_work(cured.incident):
                return age > cured.service.watch_after_s + LATE_S
            newest = await look_after(self._parts, cured, plan, due)
        if newest.back:
            # Also what a process before this one saw, and may not have told any more.
            await self._tell(cured, newest)
        case.looked = newest.number
        return newest.last or bool(newest.back)

    async def _somebody_is_at_work(self, former: Incident) -> bool:
        """What is being restarted on purpose fails as well; or it is back, and known to be."""
        there = await self._parts.journal.incidents(MOST, only_open=True)
        return any(
            each.service == former.service
            and (each.symptom == former.symptom or each.stage in AT_WORK)
            for each in there
        )

    async def _tell(self, cured: Cured, seen: Afterlook) -> None:
        alert = aftercare.alert(cured.incident, cured.symptom, seen)
        log.warning("what was proven fixed is back", incident=cured.incident.id)
        await self._hear(Delivery(source=aftercare.SOURCE, alerts=(alert,)))
