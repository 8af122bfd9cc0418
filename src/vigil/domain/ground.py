"""What Vigil itself stands on: where it would saw off the branch that it sits on.

Grants are of many kinds, and more of them come. So it is not asked what a grant means: every path,
address and data source that is written in it is looked at.
"""

from collections.abc import Iterator, Sequence
from posixpath import normpath
from urllib.parse import parse_qs, urlsplit

from pydantic import JsonValue

from vigil.domain.value import Value
from vigil.domain.verbs.base import BaseGrant

THIS_MACHINE = "this machine"
_HERE = frozenset({"", "localhost", "::1", "::", "0.0.0.0"})  # noqa: S104 - compared, not listened on
_USUAL_SOCKETS = frozenset({"/var/run/postgresql", "/run/postgresql", "/tmp"})  # noqa: S108 - libpq's
_PORTS = {
    "postgresql": 5432,
    "postgres": 5432,
    "redis": 6379,
    "rediss": 6379,
    "http": 80,
    "ws": 80,
    "https": 443,
    "wss": 443,
}
_READ_ONLY = ("password_file", "token_file")
"""Files that a verb reads a credential from, and nothing else."""


class Server(Value):
    """Where something listens: a host or the folder of a socket, and a port."""

    host: str
    port: int


class Held(Value):
    """One thing that Vigil needs, and what it is to it."""

    what: str
    path: str | None = None
    server: Server | None = None
    process: str | None = None
    """Its name at the supervisor whose socket or address ``path`` or ``server`` is."""


class Ground(Value):
    """All of it, and how else this machine is called."""

    held: tuple[Held, ...] = ()
    names: tuple[str, ...] = ()

    def under(self, grant: BaseGrant, arguments: Sequence[str]) -> str | None:
        """What a call under a grant would act on that Vigil stands on; None: nothing of it."""
        fields = grant.model_dump(mode="json")
        texts = tuple(_texts(fields))
        paths = {path for text in texts for path in _paths(text)}
        named = [server for text in texts for server in servers_in(text)]
        servers = {self._plain(server) for server in (*named, *_apart(fields))}
        for held in self.held:
            if held.process is not None and not _names(held.process, arguments):
                continue
            if held.path is not None and any(_overlap(path, held) for path in paths):
                return f"{held.what} ({held.path})"
            if held.server is not None and self._plain(held.server) in servers:
                return f"{held.what} ({held.server.host}:{held.server.port})"
        return None

    def _plain(self, server: Server) -> Server:
        """The same for all names of this machine; nobody is asked for an address."""
        host = server.host.strip("[]").rstrip(".").lower()
        known = host in _HERE or host in self.names or host in _USUAL_SOCKETS
        here = known or host.startswith("127.")
        return Server(host=THIS_MACHINE if here else host, port=server.port)


NOTHING = Ground()
"""Vigil stands on nothing: where nothing is run."""


def servers_in(text: str) -> Iterator[Server]:
    """The servers that an address or a data source name leads to."""
    if "://" in text:
        yield from _of_address(text)
    elif "=" in text:
        yield from _of_words(dict(pair.split("=", 1) for pair in text.split() if "=" in pair))


def _of_address(text: str) -> Iterator[Server]:
    scheme = text.partition(":")[0].partition("+")[0].lower()
    usual = _PORTS.get(scheme)
    if usual is None:
        return
    try:
        whole = urlsplit(text)
        asked = {key: values[-1] for key, values in parse_qs(whole.query).items()}
    except ValueError:
        return  # An address that is none: nobody gets there.
    if scheme.startswith("postgres") and "host" in asked:
        yield from _of_words(asked)
        return
    for place in whole.netloc.rpartition("@")[2].split(","):
        try:
            parts = urlsplit(f"//{place}")
            yield Server(host=parts.hostname or "", port=parts.port or usual)
        except ValueError:
            continue


def _of_words(words: dict[str, str]) -> Iterator[Server]:
    """As libpq reads ``host=... port=...``; several stand beside each other."""
    if not words.keys() & {"host", "hostaddr", "port", "dbname"}:
        return
    hosts = words.get("hostaddr", words.get("host", "")).strip("'").split(",")
    ports = words.get("port", "").strip("'").split(",")
    for nth, host in enumerate(hosts):
        port = ports[nth] if nth < len(ports) else ports[-1]
        if port == "" or port.isdecimal():
            yield Server(host=host, port=int(port or _PORTS["postgresql"]))


def _texts(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            if key not in _READ_ONLY:
                yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _apart(fields: dict[str, JsonValue]) -> Iterator[Server]:
    """A host and a port that stand in fields of their own."""
    host, port = fields.get("host"), fields.get("port")
    if isinstance(host, str) and isinstance(port, int):
        yield Server(host=host, port=port)


def _paths(text: str) -> Iterator[str]:
    for scheme in ("unix://", "file://", ""):
        if text.startswith(f"{scheme}/"):
            yield normpath(text.removeprefix(scheme))
            return


def _overlap(path: str, held: Held) -> bool:
    """One lies within the other, or they are the same."""
    other = normpath(held.path or "")
    return path == other or path.startswith(f"{other}/") or other.startswith(f"{path.rstrip('/')}/")


def _names(process: str, arguments: Sequence[str]) -> bool:
    """With or without its group in front."""
    return process.rpartition(":")[2] in {each.rpartition(":")[2] for each in arguments}
