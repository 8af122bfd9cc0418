"""A swarm and whoever watches the service meanwhile, without a Vigil that runs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from vigil.bootstrap.upkeep import open_switch
from vigil.domain.catalogue import Catalogue
from vigil.integrations.clock.system import SystemClock
from vigil.integrations.probes.embedded import EmbeddedProbes
from vigil.integrations.swarm.embedded import LightpandaSwarm
from vigil.integrations.telemetry.embedded import EmbeddedTelemetry
from vigil.ports.swarm import Swarm
from vigil.settings import Settings
from vigil.verify.bystander import Bystander


@asynccontextmanager
async def open_swarm(
    settings: Settings, catalogue: Catalogue, service: str
) -> AsyncIterator[tuple[Swarm, Bystander]]:
    """Both, as long as it is entered: the service's metrics are read all the while."""
    clock = SystemClock()
    telemetry = EmbeddedTelemetry(catalogue, clock)
    await telemetry.scrape_once()
    scraping = asyncio.create_task(telemetry.scrape_forever())
    try:
        yield (
            LightpandaSwarm(),
            Bystander(
                service=service,
                catalogue=catalogue,
                probes=EmbeddedProbes(clock),
                telemetry=telemetry,
                switch=open_switch(settings),
            ),
        )
    finally:
        scraping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await scraping
