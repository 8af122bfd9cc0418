"""Endpoints: the addresses of a service that accept connections."""

import asyncio
from collections.abc import Iterator, Sequence

from vigil.domain.catalogue import Service
from vigil.domain.inventory import Item, Kind
from vigil.domain.probe import QueueProbe, RedisProbe, TcpProbe, TlsProbe
from vigil.integrations._clients.places import origin_of

TIMEOUT_S = 3.0


async def look_at_endpoint(service: str, host: str, port: int) -> Item:
    """Connect and hang up."""
    there: bool | None
    try:
        async with asyncio.timeout(TIMEOUT_S):
            _, writer = await asyncio.open_connection(host, port)
        writer.transport.abort()
        there = True
    except (OSError, TimeoutError):
        there = False
    except ValueError:  # a host name that no resolver takes
        there = None
    return Item(kind=Kind.ENDPOINT, service=service, name=f"{host}:{port}", there=there)


def addresses(service: Service, routes: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Where its routes, metrics and probes say that it listens."""
    urls = (*routes, *(source.url for source in service.telemetry.metrics))
    for _, host, port in filter(None, map(origin_of, urls)):
        if host and port:
            yield host, port
    for probe in service.probes.values():
        if isinstance(probe, TcpProbe | TlsProbe | RedisProbe | QueueProbe):
            yield probe.host, probe.port
