"""A whole Vigil in this process, on a real record, with other hands than its sandbox."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.verifying.deeds import Scenario
from benchmarks.verifying.hands import OtherHands
from tests.support.record import receive
from tests.support.story import measured_runbooks

from vigil.bootstrap.building import build
from vigil.domain.alert import Alert, AlertStatus, Severity
from vigil.domain.incident import Incident
from vigil.domain.timeline import Event
from vigil.engine import Engine
from vigil.integrations.clock.system import SystemClock
from vigil.integrations.telemetry.embedded import EmbeddedTelemetry
from vigil.lifecycle import Lifecycle
from vigil.observe.intake import symptom_of, title_of
from vigil.ports.telemetry import Telemetry
from vigil.ports.workflow import Segment
from vigil.settings import Settings, load_catalogue
from vigil.story.parts import Parts

CLOSED_S = 400.0
USUAL_S = 70.0
"""So long Vigil only watches, to know what is usual."""


@dataclass(frozen=True)
class Watching:
    """A Vigil that looks at one shop, and remembers how it usually is."""

    catalogue: Path
    service: str
    state: Path
    telemetry: Telemetry

    async def story(
        self, number: int, alert_name: str, hands: OtherHands, scenario: Scenario
    ) -> tuple[Incident, Sequence[Event]]:
        """From the alert to the end, segment by segment, as the sweeper hands them out.

        On a record of its own: what comes back within hours would join the incident before it.
        """
        async with opened(self.catalogue, self.state / str(number)) as engine:
            senses = replace(engine.parts.senses, telemetry=self.telemetry)
            parts = replace(engine.parts, senses=senses, sandbox=hands)
            incident = await self._told(engine, parts, alert_name)
            async with asyncio.timeout(CLOSED_S):
                await _go_on(parts, hands, scenario)
            journal = parts.journal
            return await journal.incident(incident.id), await journal.events(incident.id)

    async def _told(self, engine: Engine, parts: Parts, alert_name: str) -> Incident:
        now = parts.senses.clock.now()
        alert = Alert(
            source="watch",
            name=alert_name,
            service=self.service,
            status=AlertStatus.FIRING,
            fingerprint=f"watch/{alert_name}",
            severity=Severity.CRITICAL,
            starts_at=now,
        )
        joined = await receive(
            engine.inbox,
            alert=alert,
            service=self.service,
            symptom=symptom_of(alert, parts.catalogue),
            title=title_of(alert),
            now=now,
            new_id=parts.senses.clock.new_id(),
        )
        assert joined.incident is not None  # noqa: S101 - a service of the catalogue
        return joined.incident


async def _go_on(parts: Parts, hands: OtherHands, scenario: Scenario) -> None:
    while due := await parts.journal.due(10):
        for following in due:
            if scenario.gone and following.segment is Segment.ACT:
                await asyncio.to_thread(hands.undo)
            await Lifecycle(parts).run(following.segment, following.incident, following.attempt)
            await parts.journal.mark(following)


@asynccontextmanager
async def opened(catalogue: Path, state: Path) -> AsyncIterator[Engine]:
    """A new record, and the shipped runbooks as well measured."""
    settings = Settings(_env_file=None, vigil_config=catalogue, vigil_state_dir=state)
    installation = build(settings)
    await installation.memory.ingest("shipped", measured_runbooks())
    try:
        yield installation.engine
    finally:
        for close in installation.engine.closing:
            await close()


@asynccontextmanager
async def watching(catalogue: Path, service: str, state: Path) -> AsyncIterator[Watching]:
    """Scrapes as long as it lasts."""
    telemetry = EmbeddedTelemetry(load_catalogue(catalogue), SystemClock())
    scraping = asyncio.create_task(telemetry.scrape_forever())
    try:
        await asyncio.sleep(USUAL_S)
        yield Watching(catalogue, service, state, telemetry)
    finally:
        scraping.cancel()
        with suppress(asyncio.CancelledError):
            await scraping
