"""Count what the catalogue's services consist of, by looking at each thing itself."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from functools import partial
from typing import Any

from vigil.domain.catalogue import Catalogue, Service
from vigil.domain.errors import VigilError
from vigil.domain.identity import content_digest
from vigil.domain.inventory import MOST_ITEMS, MOST_NAME, Inventory, Item, Kind
from vigil.domain.journey import JourneyProbe
from vigil.domain.probe import HttpProbe, Probe
from vigil.integrations._clients.deadline import GivenUp
from vigil.integrations._clients.http import shown
from vigil.integrations.inventory.endpoints import endpoints, look_at_endpoint
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
        written = await asyncio.to_thread(self._written, known)
        return Inventory(items=(*counted, *written)[:MOST_ITEMS])

    def _written(self, services: Sequence[str]) -> list[Item]:
        """What the catalogue's file says now of everything that this Vigil looks through."""
        try:
            now: Catalogue | None = self._read()
        except (VigilError, OSError):
            now = None  # Somebody may be in the middle of writing it.
        found = []
        for name in services:
            newest = _digests(now.services.get(name)) if now else {}
            for kind, of in _digests(self._catalogue.services[name]):
                there = None if now is None else (kind, of) in newest
                digest = newest.get((kind, of))
                found.append(Item(kind=kind, service=name, name=of, there=there, digest=digest))
        return found


def _digests(service: Service | None) -> dict[tuple[Kind, str], str]:
    """Of each probe and of how each symptom is watched, by kind and name.

    Within its maintenance a service is left alone, so that belongs to how it is watched.
    """
    if service is None:
        return {}
    alone = service.maintenance.model_dump(mode="json")
    probes = {(Kind.PROBE, name): spec for name, spec in service.all_probes.items()}
    symptoms = {(Kind.SYMPTOM, name): spec for name, spec in service.symptoms.items()}
    return {key: content_digest(spec.model_dump(mode="json")) for key, spec in probes.items()} | {
        key: content_digest([spec.model_dump(mode="json"), alone]) for key, spec in symptoms.items()
    }


def _looks(service: str, known: Service) -> Iterator[tuple[Item, Look]]:
    """Each thing of a service, as it is written down when nobody could look, and how to look."""
    if known.processes is not None:
        for process in known.processes.names:
            look = partial(look_at_process, service, process, known.processes.supervisor)
            yield Item(kind=Kind.INSTANCE, service=service, name=process, there=None), look
    routes = _routes(known)
    for endpoint in endpoints(service, known, [url for url, _ in routes]):
        yield endpoint, partial(look_at_endpoint, endpoint)
    once = {shown(url)[:MOST_NAME]: url for url, _ in reversed(routes)}
    for name, url in once.items():
        probes = frozenset(
            probe for other, probe in routes if shown(other)[:MOST_NAME] == name and probe
        )
        route = Item(kind=Kind.ROUTE, service=service, name=name, there=None, opened_by=probes)
        yield route, partial(look_at_route, route, url)
    for name, canary in known.inventory.rows.items():
        rows = Item(kind=Kind.ROWS, service=service, name=name, there=None)
        yield rows, partial(count_rows, service, name, canary)


def _routes(service: Service) -> list[tuple[str, str]]:
    """What the owner lists, and what its probes open without doing anything: URL and probe, if any.

    Of those that differ in their query alone the first one is asked for.
    """
    listed = [(url, "") for url in service.inventory.routes]
    return listed + [(url, name) for name, p in service.probes.items() for url in _opened(p)]


def _opened(probe: Probe) -> Iterator[str]:
    match probe:
        case HttpProbe():
            yield from (step.url for step in probe.steps if step.method == "GET")
        case JourneyProbe():
            yield from (step.open for step in probe.steps if step.open is not None)
        case _:
            pass
