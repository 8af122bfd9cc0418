"""Count what the catalogue's services consist of, by looking at each thing itself."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from functools import partial
from typing import Any

from vigil.domain.catalogue import Catalogue, Service
from vigil.domain.errors import VigilError
from vigil.domain.identity import content_digest
from vigil.domain.inventory import MOST_ITEMS, Inventory, Item, Kind
from vigil.domain.journey import JourneyProbe
from vigil.domain.probe import HttpProbe, Probe
from vigil.integrations._clients.deadline import GivenUp
from vigil.integrations._clients.http import shown
from vigil.integrations.inventory.endpoints import addresses, look_at_endpoint
from vigil.integrations.inventory.processes import look_at_process
from vigil.integrations.inventory.routes import look_at_route
from vigil.integrations.inventory.rows import count_rows

PATIENCE_S = 15.0
AT_ONCE = 8

Look = Callable[[], Coroutine[Any, Any, Item]]


class EmbeddedInventories:
    """Fulfils ``ports.inventory.Inventories``.

    ``read`` gives the catalogue as its file has it now: whoever takes a probe out of it must not
    make a service look healthy.
    """

    def __init__(self, catalogue: Catalogue, read: Callable[[], Catalogue]) -> None:
        self._catalogue = catalogue
        self._read = read
        self._given_up = GivenUp[Item]()

    async def take(self, services: Sequence[str]) -> Inventory:
        """Count once, several things at a time, and each for a bounded time."""
        room = asyncio.Semaphore(AT_ONCE)
        known = [n for n in dict.fromkeys(services) if n in self._catalogue.services]
        until = asyncio.get_running_loop().time() + PATIENCE_S

        async def seen(blank: Item, look: Look) -> Item:
            async with room:
                left = until - asyncio.get_running_loop().time()
                task = await self._given_up.wait(look(), max(left, 0))
            return blank if task is None or task.exception() is not None else task.result()

        looks = [each for name in known for each in _looks(name, self._catalogue.services[name])][
            :MOST_ITEMS
        ]
        counted = await asyncio.gather(*(seen(blank, look) for blank, look in looks))
        written = await asyncio.to_thread(self._probes, known)
        return Inventory(items=(*counted, *written)[:MOST_ITEMS])

    def _probes(self, services: Sequence[str]) -> list[Item]:
        try:
            now: Catalogue | None = self._read()
        except (VigilError, OSError):
            now = None  # Somebody may be in the middle of writing it.
        return [
            Item(
                kind=Kind.PROBE,
                service=name,
                name=probe,
                there=None
                if now is None
                else (service := now.services.get(name)) is not None
                and probe in service.all_probes,
                digest=None if now is None else _digest(now, name, probe),
            )
            for name in services
            for probe in self._catalogue.services[name].all_probes
        ]


def _digest(catalogue: Catalogue, service: str, probe: str) -> str | None:
    known = catalogue.services.get(service)
    spec = known.all_probes.get(probe) if known else None
    return content_digest(spec.model_dump(mode="json")) if spec else None


def _looks(service: str, known: Service) -> Iterator[tuple[Item, Look]]:
    """Each thing of a service, as it is written down when nobody could look, and how to look."""
    if known.processes is not None:
        for process in known.processes.names:
            look = partial(look_at_process, service, process, known.processes.supervisor)
            yield _blank(Kind.INSTANCE, service, process), look
    routes = tuple(dict.fromkeys(_routes(known)))
    for host, port in dict.fromkeys(addresses(known, routes)):
        look = partial(look_at_endpoint, service, host, port)
        yield _blank(Kind.ENDPOINT, service, f"{host}:{port}"), look
    for url in routes:
        yield _blank(Kind.ROUTE, service, shown(url)[:300]), partial(look_at_route, service, url)
    for name, canary in known.inventory.rows.items():
        yield _blank(Kind.ROWS, service, name), partial(count_rows, service, name, canary)


def _blank(kind: Kind, service: str, name: str) -> Item:
    return Item(kind=kind, service=service, name=name, there=None)


def _routes(service: Service) -> Iterator[str]:
    """What the owner lists, and what its probes open without doing anything."""
    yield from service.inventory.routes
    for probe in service.probes.values():
        yield from _opened(probe)


def _opened(probe: Probe) -> Iterator[str]:
    match probe:
        case HttpProbe():
            yield from (step.url for step in probe.steps if step.method == "GET")
        case JourneyProbe():
            yield from (step.open for step in probe.steps if step.open is not None)
        case _:
            pass
