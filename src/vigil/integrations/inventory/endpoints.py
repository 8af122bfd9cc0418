"""Endpoints: the addresses of a service that accept connections."""

import asyncio
from collections.abc import Iterator, Sequence

from vigil.domain.catalogue import Service
from vigil.domain.inventory import Item, Kind
from vigil.domain.probe import QueueProbe, RedisProbe, TcpProbe, TlsProbe
from vigil.integrations._clients.places import origin_of

TIMEOUT_S = 3.0


async def look_at_endpoint(endpoint: Item) -> Item:
    """Connect and hang up."""
    host, _, port = endpoint.name.rpartition(":")
    try:
        async with asyncio.timeout(TIMEOUT_S):
            _, writer = await asyncio.open_connection(host, int(port))
        writer.transport.abort()
        there = True
    except (OSError, TimeoutError):
        there = False
    except ValueError:  # a host name that no resolver takes
        return endpoint
    return endpoint.model_copy(update={"there": there})


def endpoints(name: str, service: Service, routes: Sequence[str]) -> Iterator[Item]:
    """Where its routes, probes and metrics say that it listens.

    Of an address that only its metrics name it is known which process it goes with.
    """
    used = dict.fromkeys((*_opened(routes), *_connected(service)))
    scraped = {
        address: source.instance
        for source in service.telemetry.metrics
        for address in _opened((source.url,))
    }
    for host, port in used | scraped:
        instance = None if (host, port) in used else scraped[host, port]
        yield Item(
            kind=Kind.ENDPOINT, service=name, name=f"{host}:{port}", there=None, instance=instance
        )


def _opened(urls: Sequence[str]) -> Iterator[tuple[str, int]]:
    for _, host, port in filter(None, map(origin_of, urls)):
        if host and port:
            yield host, port


def _connected(service: Service) -> Iterator[tuple[str, int]]:
    for probe in service.probes.values():
        if isinstance(probe, TcpProbe | TlsProbe | RedisProbe | QueueProbe):
            yield probe.host, probe.port
