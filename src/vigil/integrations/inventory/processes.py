"""Instances: the processes of a service that run."""

from vigil.domain.inventory import Item, Kind
from vigil.integrations._clients.supervisor import NotAsked, states

TIMEOUT_S = 3.0


async def look_at_process(service: str, name: str, supervisor: str) -> Item:
    """One that supervisor does not know is gone; one that is only being started is not there."""
    try:
        there: bool | None = (await states(supervisor, TIMEOUT_S)).get(name) == "RUNNING"
    except NotAsked:
        there = None
    return Item(kind=Kind.INSTANCE, service=service, name=name, there=there)
