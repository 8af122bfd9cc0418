"""Endpoints: the addresses of a service that accept connections."""

import asyncio
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from vigil.domain.catalogue import Service
from vigil.domain.inventory import Item, Kind
from vigil.domain.probe import QueueProbe, RedisProbe, TcpProbe, TlsProbe

TIMEOUT_S = 3.0
_PORTS = {"http": 80, "https": 443}


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
    yield from (place for url in urls if (place := _address(url)) is not None)
    for probe in service.probes.values():
        if isinstance(probe, TcpProbe | TlsProbe | RedisProbe | QueueProbe):
            yield probe.host, probe.port


def _address(url: str) -> tuple[str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    return (parts.hostname, port) if parts.hostname and port else None
