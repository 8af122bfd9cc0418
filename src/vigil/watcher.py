"""Vigil's own source of alerts: it looks at every symptom, again and again.

It also takes back a plan whose symptom is gone for good while nobody has answered.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from vigil.domain.alert import Delivery
from vigil.domain.catalogue import Symptom
from vigil.domain.change import OWN_NAME
from vigil.domain.errors import TemporaryError
from vigil.domain.incident import Incident, Stage, WaitingOn
from vigil.domain.probe import ProbeOutcome, ProbeRef, ProbeResult
from vigil.domain.telemetry import Ratio
from vigil.domain.verdict import Answer
from vigil.observe.watch import SOURCE, Watched, is_bad
from vigil.ports.journal import Decided
from vigil.story.parts import Parts

log = structlog.get_logger()

MOST_REMEMBERED = 500
"""Newest incidents in which a starting watcher looks for trouble that was there before it."""

Hear = Callable[[Delivery], Awaitable[None]]
AnswerPlan = Callable[[str, str, Answer, str], Awaitable[Decided]]


class Watcher:
    """Looks, and tells the engine what it saw as any other source does."""

    def __init__(self, parts: Parts, hear: Hear, answer: AnswerPlan) -> None:
        self._parts = parts
        self._hear = hear
        self._answer = answer

    async def watch(self) -> None:
        """Look at every symptom of the catalogue, without end."""
        catalogue = self._parts.catalogue
        states = await self._remembered()
        while True:
            states = list(await asyncio.gather(*(self._look(state) for state in states)))
            await self._withdraw(states)
            await asyncio.sleep(catalogue.watch.interval_s)

    async def _withdraw(self, states: Sequence[Watched]) -> None:
        """A plan that waits for a person while its symptom is gone is taken back.

        Level, not edge: it makes no difference whether the symptom went before or after the plan
        began to wait, nor which of several processes saw it. While the last that any source said is
        that it fires, the plan is kept.
        """
        now = self._parts.senses.clock.now()
        well = {(state.service, state.symptom) for state in states if state.is_well(now)}
        for incident in await self._parts.journal.incidents(MOST_REMEMBERED, only_open=True):
            waits = incident.waiting_on is WaitingOn.APPROVAL and incident.plan_digest is not None
            gone = waits and (incident.service, incident.symptom) in well
            if gone and await self._parts.journal.said_to_be_over(incident.id):
                await self._answer(
                    incident.id, str(incident.plan_digest), Answer.WITHDRAWN, OWN_NAME
                )

    async def _remembered(self) -> list[Watched]:
        """What a watcher before this one had seen: trouble that is open or in somebody's hand.

        Otherwise its end would never be told, and what comes after it would be taken for it. What
        was said to be over is forgotten: else one bad look would be enough to open it anew.
        """
        newest: dict[tuple[str, str], Incident] = {}
        for incident in await self._parts.journal.incidents(MOST_REMEMBERED):
            newest.setdefault((incident.service, incident.symptom), incident)
        since = {
            place: incident.opened_at
            for place, incident in newest.items()
            if incident.stage is not Stage.RESOLVED
            and not await self._parts.journal.said_to_be_over(incident.id)
        }
        return [
            Watched(
                service=name,
                symptom=symptom,
                firing=(name, symptom) in since,
                since=since.get((name, symptom)),
            )
            for name, service in self._parts.catalogue.services.items()
            for symptom in service.symptoms
        ]

    async def _look(self, state: Watched) -> Watched:
        symptom = self._parts.catalogue.services[state.service].symptoms[state.symptom]
        results, ratio = await asyncio.gather(
            asyncio.gather(*(self._probe(state.service, probe) for probe in symptom.probes)),
            self._condition(state.service, symptom),
        )
        now = self._parts.senses.clock.now()
        bad = is_bad(symptom, tuple(results), ratio)
        after, turned = state.seen(now, bad=bad, failures=self._parts.catalogue.watch.failures)
        if turned is None:
            return after
        worst = next((r.text for r in results if r.outcome is ProbeOutcome.FAILING), "")
        alert = after.alert(turned, symptom, f"{state.symptom}: {worst}".rstrip(": "), now)
        try:
            await self._hear(Delivery(source=SOURCE, alerts=(alert,)))
        except TemporaryError as error:
            # Not told, so not turned: the next look tells it again.
            log.warning("alert not recorded", symptom=state.symptom, why=str(error))
            return state
        return after

    async def _probe(self, service: str, probe: str) -> ProbeResult:
        ref = ProbeRef(service=service, probe=probe)
        return await self._parts.senses.probes.run(ref, self._parts.catalogue.probe(ref))

    async def _condition(self, service: str, symptom: Symptom) -> Ratio | None:
        if symptom.condition is None:
            return None
        return await self._parts.senses.telemetry.bad_ratio(service, symptom.condition)
