"""A swarm and whoever watches the service meanwhile, without a Vigil that runs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from vigil.bootstrap.looking import probes_of
from vigil.bootstrap.place import KEYS
from vigil.bootstrap.upkeep import open_switch
from vigil.domain.catalogue import Catalogue
from vigil.domain.errors import SettingsError
from vigil.domain.switch import SWITCH_FILE
from vigil.integrations.clock.system import SystemClock
from vigil.integrations.swarm.embedded import LightpandaSwarm
from vigil.integrations.telemetry.embedded import EmbeddedTelemetry
from vigil.ports.swarm import Swarm
from vigil.settings import Settings
from vigil.verify.bystander import Bystander


def check_wishes(settings: Settings, catalogue: Catalogue) -> None:
    """``SettingsError`` for each service that asks for a larger swarm than is allowed here."""
    most = settings.vigil_swarm_sessions
    mistakes = [
        f"services.{name}.swarm: {service.swarm.sessions} sessions are more than "
        f"VIGIL_SWARM_SESSIONS allows ({most}); ask for fewer, or raise it"
        for name, service in catalogue.services.items()
        if service.swarm is not None and service.swarm.sessions > most
    ]
    if mistakes:
        raise SettingsError(mistakes)


def without_switch(settings: Settings) -> str | None:
    """Why nobody could stop a swarm, where no Vigil has run in the state folder; None otherwise.

    A switch that was lost where one has run is another matter: it reads as stopped, and says how
    it is made anew.
    """
    folder = settings.vigil_state_dir
    if (folder / KEYS).exists() or (folder / SWITCH_FILE).exists():
        return None
    return (
        f"no Vigil has run in {folder} yet, so there is no stop switch by which anybody could end "
        "a swarm; start `vigil serve` there once, or set VIGIL_STATE_DIR to the folder of the "
        "Vigil that runs"
    )


@asynccontextmanager
async def open_swarm(
    settings: Settings, catalogue: Catalogue, service: str
) -> AsyncIterator[tuple[Swarm, Bystander]]:
    """Both, as long as it is entered: the service's metrics are read all the while."""
    telemetry = EmbeddedTelemetry(catalogue, SystemClock())
    await telemetry.scrape_once()
    scraping = asyncio.create_task(telemetry.scrape_forever())
    try:
        yield (
            LightpandaSwarm(),
            Bystander(
                service=service,
                catalogue=catalogue,
                probes=probes_of(settings),
                telemetry=telemetry,
                switch=open_switch(settings),
            ),
        )
    finally:
        scraping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await scraping
