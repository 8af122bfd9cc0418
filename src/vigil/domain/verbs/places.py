"""One name for each place that can be written in several ways: paths, servers, databases.

Nothing is looked up here, so that the same catalogue gives the same names everywhere. What only a
look can tell, that a path leads through a link, the runner refuses: ``runner/verbs/paths.py``.
"""

from ipaddress import ip_address
from posixpath import normpath
from urllib.parse import urlsplit

from vigil.domain.data_source import sources_of

HERE = "localhost"
_HERE = frozenset({"", HERE, "localhost.localdomain", "ip6-localhost", "ip6-loopback"})
_MOVED = (("/var/run", "/run"), ("/var/lock", "/run/lock"))
"""Folders of before, which are links now wherever Vigil runs."""
_POSTGRES = 5432
_WEB = {"http": 80, "https": 443}


def path(text: str) -> str:
    """A path without what changes nothing in it, links aside."""
    plain = normpath(text)
    plain = f"/{plain.lstrip('/')}" if plain.startswith("/") else plain
    for former, now in _MOVED:
        if plain == former or plain.startswith(f"{former}/"):
            return now + plain.removeprefix(former)
    return plain


def host(text: str) -> str:
    """A host's name; one for all names of the machine that it is said on."""
    plain = text.strip("[]").rstrip(".").lower()
    try:
        address = ip_address(plain)
    except ValueError:
        # A socket's folder is on this machine too.
        return HERE if plain in _HERE or plain.startswith("/") else plain
    return HERE if address.is_loopback or address.is_unspecified else str(address)


def server(name: str, port: int) -> str:
    """Where something listens."""
    return f"{host(name)}:{port}"


def database_servers(dsn: str) -> tuple[str, ...]:
    """The servers of PostgreSQL that a data source name may lead to, whatever else it says.

    Where it does not say, the usual one is meant.
    """
    named = {
        server(source.server.host, source.server.port or _POSTGRES)
        for source in sources_of(dsn)
        if source.server is not None
    }
    return tuple(sorted(named)) or (server(HERE, _POSTGRES),)


def web_server(url: str) -> str:
    """The receiver of a request."""
    parts = urlsplit(url)
    return server(parts.hostname or "", parts.port or _WEB.get(parts.scheme, 0))
