"""Where an address or a data source name leads: to which server, and to which database of it.

PostgreSQL's names can be written in many ways, and what they leave out is filled in from a services
file, the environment or the login. Nobody is asked for any of that here: what is not written is not
known.
"""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qs, unquote, urlsplit

from vigil.domain.value import Value

_POSTGRES = ("postgresql", "postgres")
_PORTS = {"redis": 6379, "rediss": 6379, "http": 80, "ws": 80, "https": 443, "wss": 443}
_VALUE = r"('(?:\\.|[^'\\])*'|(?:\\.|[^\s'\\])*)"
_PAIR = re.compile(rf"\s*([A-Za-z_]+)\s*=\s*{_VALUE}(?=\s|$)", re.DOTALL)
_SAYS_WHERE = frozenset({"host", "hostaddr", "port", "dbname", "service"})


class Server(Value):
    """Where something listens: a host or the folder of a socket, and a port."""

    host: str
    port: int | None
    """None: not written."""


class Source(Value):
    """A server, and with PostgreSQL a database of it."""

    server: Server | None
    """None: nobody can tell from the text, so it may be any PostgreSQL."""
    database: str | None = None
    """None: not written, or none of PostgreSQL."""


def sources_in(text: str) -> Iterator[Source]:
    """Where a text leads, if it is an address or says where a database is."""
    if "://" in text:
        yield from _of_address(text)
    elif (words := _words(text)).keys() & _SAYS_WHERE:
        yield from _of_words(words)


def sources_of(dsn: str) -> Iterator[Source]:
    """The same of a text that is known to be a data source name, however little it says."""
    if "://" in dsn:
        yield from _of_address(dsn)
    elif (words := _words(dsn)) or not dsn.strip():
        yield from _of_words(words)


def _of_address(text: str) -> Iterator[Source]:
    scheme = text.partition(":")[0].partition("+")[0].lower()
    try:
        whole = urlsplit(text)
        asked = {key: values[-1] for key, values in parse_qs(whole.query).items()}
    except ValueError:
        return  # An address that is none: nobody gets there.
    if scheme in _POSTGRES:
        yield from _of_words({**_written(whole.netloc, whole.path), **asked})
        return
    usual = _PORTS.get(scheme)
    for host, port in _places(whole.netloc) if usual else ():
        if port == "" or port.isdecimal():
            yield Source(server=Server(host=host, port=int(port or 0) or usual))


def _written(place: str, path: str) -> dict[str, str]:
    """The words of an address of PostgreSQL, several hosts beside each other."""
    places = list(_places(place))
    words = {
        "host": ",".join(host for host, _ in places),
        "port": ",".join(port for _, port in places),
        "dbname": unquote(path.removeprefix("/")),
    }
    return {word: value for word, value in words.items() if value.strip(",")}


def _places(place: str) -> Iterator[tuple[str, str]]:
    for each in place.rpartition("@")[2].split(","):
        found = re.fullmatch(r"(\[[^]]*\]|[^:]*)(?::(.*))?", each)
        if found is not None:
            yield unquote(found[1]).strip("[]"), found[2] or ""


def _words(text: str) -> dict[str, str]:
    """``key=value`` as libpq reads it, quotes and backslashes included; nothing where it is not."""
    words: dict[str, str] = {}
    end = 0
    for pair in _PAIR.finditer(text):
        if pair.start() != end:
            return {}
        end = pair.end()
        quoted = pair[2].startswith("'")
        words[pair[1]] = re.sub(r"\\(.)", r"\1", pair[2][1:-1] if quoted else pair[2])
    return words if not text[end:].strip() else {}


def _of_words(words: Mapping[str, str]) -> Iterator[Source]:
    """One for each host, and for each address that stands for one."""
    database = words.get("dbname") or None
    ports = words.get("port", "").split(",")
    named = [words[key].split(",") for key in ("host", "hostaddr") if words.get(key)]
    if not named or "service" in words:
        # The services file, the environment or the usual socket: whoever connects knows.
        yield Source(server=None, database=database)
    for hosts in named:
        for nth, host in enumerate(hosts):
            port = ports[nth] if nth < len(ports) else ports[-1]
            if port == "" or port.isdecimal():
                yield Source(
                    server=Server(host=host, port=int(port) if port else None), database=database
                )
