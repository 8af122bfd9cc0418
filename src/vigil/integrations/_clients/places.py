"""Which place an address names, and whether that is in the neighbourhood of the browser."""

import ipaddress
import socket
from urllib.parse import urlsplit

from vigil.domain.journey import JourneyProbe

_PORTS = {"http": 80, "https": 443}
_SOCKETS = {"ws": "http", "wss": "https"}
_LOCAL_ENDS = (".localhost", ".local", ".internal")
Origin = tuple[str, str, int | None]


def origin_of(url: str) -> Origin | None:
    """Scheme, host and port; None for an address that has none of them."""
    try:
        parts = urlsplit(url)
        scheme = _SOCKETS.get(parts.scheme, parts.scheme)
        port = parts.port or _PORTS.get(scheme)
    except ValueError:
        return None
    return (scheme, parts.hostname or "", port) if scheme in _PORTS else None


def origins_of(journey: JourneyProbe) -> frozenset[Origin]:
    """Where a journey may be: what it opens, and the step from http to https of the same host."""
    opened = {origin_of(step.open) for step in journey.steps if step.open is not None}
    known = {origin for origin in opened if origin is not None}
    secured = {
        ("https", host, 443) for scheme, host, port in known if (scheme, port) == ("http", 80)
    }
    return frozenset(known | secured)


def is_local(host: str) -> bool:
    """Whether a host is on this machine or in a private network, as far as its name tells."""
    name = host.lower().rstrip(".")
    address = _address(name)
    if address is not None:
        return not address.is_global or address.is_multicast
    return "." not in name or name.endswith(_LOCAL_ENDS)


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Also one that is written in a way that only browsers still take, such as 127.1."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(name))
        except (OSError, ValueError):
            return None
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or address.sixtofour or address
    return address
