"""A runner that takes its orders over the network: from whom, and whether it would get any."""

import asyncio
from collections.abc import Iterator

from vigil.domain.errors import SettingsError
from vigil.domain.run import Health
from vigil.link.addresses import Address, addresses_in
from vigil.link.identity import KEYS, RUNNER_KEY, identity_at
from vigil.link.lines import Gone
from vigil.runner.remote.link import Me, opened
from vigil.runner.remote.main import Far
from vigil.settings import Settings


def far_in(settings: Settings) -> Far | None:
    """Whose orders this machine's runner takes over the network; None when nobody's.

    :raises SettingsError: what belongs together was given in part.
    """
    if settings.vigil_hub is None:
        return None
    key, name = settings.vigil_hub_key, settings.vigil_runner_name
    if key is None or name is None:
        given = {
            "VIGIL_HUB_KEY": (key, "set it to what `vigil keys hub` prints at the hub"),
            "VIGIL_RUNNER_NAME": (name, "set it to this runner's name in the hub's vigil.yaml"),
        }
        raise SettingsError(
            [
                f"VIGIL_HUB is set and {setting} is not; {remedy}"
                for setting, (value, remedy) in given.items()
                if value is None
            ]
        )
    return Far(name, key, addresses_in(settings.vigil_hub))


def look_at_hub(settings: Settings) -> Iterator[Health]:
    """For the doctor: each address of the hub is really connected to, without taking orders."""
    try:
        far = far_in(settings)
    except SettingsError as error:
        for mistake in error.mistakes:
            what, _, remedy = mistake.rpartition("; ")
            yield Health(part="hub", ok=False, text=what, remedy=remedy)
        return
    if far is None:
        return
    key = settings.vigil_state_dir / KEYS / RUNNER_KEY
    if not key.exists():
        remedy = "run `vigil keys runner`, and give what it prints to the hub's vigil.yaml"
        yield Health(part="hub", ok=False, text="this machine's runner has no key", remedy=remedy)
        return
    try:
        me = Me(far.name, identity_at(key), far.hub_key)
    except SettingsError as error:
        yield Health(part="hub", ok=False, text=str(error), remedy="do as the message says")
        return
    for address in far.addresses:
        yield asyncio.run(_look(address, me))


async def _look(address: Address, me: Me) -> Health:
    try:
        async with opened(address, me):
            text = f"{address} has the hub's key and lets this runner in"
            return Health(part="hub", ok=True, text=text)
    except Gone as gone:
        text = f"{address}: {gone}"
        remedy = (
            "does it listen there (VIGIL_RUNNER_LISTEN), may this machine reach it, and are both "
            "keys the right ones (`vigil keys hub` there, `vigil keys runner` here)?"
        )
        return Health(part="hub", ok=False, text=text, remedy=remedy)
