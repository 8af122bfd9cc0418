"""What Vigil itself stands on: where it would saw off the branch that it sits on.

Grants are of many kinds, and more of them come. So it is not asked what a grant means: every path,
address and data source that is written in it is looked at. One question is asked of it: whether
what it does stays within one database. Such a call may act on another database of the server that
Vigil's record is on.
"""

from collections.abc import Iterator, Sequence
from posixpath import normpath

from pydantic import JsonValue

from vigil.domain.catalogue import Service, ServiceKind
from vigil.domain.data_source import Server, Source, sources_in, sources_of
from vigil.domain.value import Value
from vigil.domain.verbs.base import BaseGrant

THIS_MACHINE = "this machine"
_HERE = frozenset({"", "localhost", "::1", "::", "0.0.0.0"})  # noqa: S104 - compared, not listened on
_USUAL_SOCKETS = frozenset({"/var/run/postgresql", "/run/postgresql", "/tmp"})  # noqa: S108 - libpq's
_READ_ONLY = ("password_file", "token_file")
"""Files that a verb reads a credential from, and nothing else."""
_OTHERS_STAND_ON = frozenset({ServiceKind.DATABASE, ServiceKind.CACHE, ServiceKind.OTHER})
"""Kinds of services that a probe of theirs leads to, and not to what they need."""


class Held(Value):
    """One thing that Vigil needs, and what it is to it."""

    what: str
    path: str | None = None
    server: Server | None = None
    database: str | None = None
    """That server is a PostgreSQL, and this is Vigil's database on it."""
    process: str | None = None
    """Its name at the supervisor whose socket or address ``path`` or ``server`` is."""


class Ground(Value):
    """All of it, and how else this machine is called."""

    held: tuple[Held, ...] = ()
    names: tuple[str, ...] = ()

    def under(
        self, grant: Value, arguments: Sequence[str], service: Service | None = None
    ) -> str | None:
        """What a call under a grant would act on that Vigil stands on; None: nothing of it.

        ``service`` is whose grant it is: what a probe of a database looks at is that database, and
        whoever restarts its process restarts that.
        """
        if not self.held:
            return None
        one_database = isinstance(grant, BaseGrant) and grant.within_database
        fields = grant.model_dump(mode="json")
        texts = tuple(_texts(fields))
        paths = {path for text in texts for path in _paths(text)}
        sources = [*_apart(fields), *(source for text in texts for source in sources_in(text))]
        if isinstance(fields.get("dsn"), str):
            sources += sources_of(str(fields["dsn"]))
        if service is not None and not one_database:
            sources += _looked_at(service)
        if service is not None and service.runner is not None:
            # A path, and a name that every machine has for itself, are those of its runner's.
            paths, sources = set(), [each for each in sources if _has_a_name(each)]
        for held in self.held:
            if held.process is not None and not _names(held.process, arguments):
                continue
            if held.path is not None and any(_overlap(path, held) for path in paths):
                return f"{held.what} ({held.path})"
            reached = (each for each in sources if self._is_on(each, held))
            if any(not one_database or _may_be(each, held) for each in reached):
                return _said(held)
        return None

    def _is_on(self, source: Source, held: Held) -> bool:
        """Whether it leads to that server, or may: what is not written counts as the same."""
        if held.server is None:
            return False
        if source.server is None:
            return held.database is not None
        there, here = self._plain(source.server), self._plain(held.server)
        return there.host == here.host and there.port in {None, here.port}

    def _plain(self, server: Server) -> Server:
        """The same for all names of this machine; nobody is asked for an address."""
        host = _host(server)
        here = host in self.names or _is_everybodys(host)
        return Server(host=THIS_MACHINE if here else host, port=server.port)


def _host(server: Server) -> str:
    return server.host.strip("[]").rstrip(".").lower()


def _is_everybodys(host: str) -> bool:
    """What each machine calls itself, and where its own PostgreSQL listens."""
    return host in _HERE or host in _USUAL_SOCKETS or host.startswith("127.")


def _has_a_name(source: Source) -> bool:
    """Whether it is the same server, whichever machine it is looked for on."""
    return source.server is not None and not _is_everybodys(_host(source.server))


def _may_be(source: Source, held: Held) -> bool:
    """Whether it is Vigil's own database, where both are known; names are compared exactly."""
    return not (source.database and held.database) or source.database == held.database


def _said(held: Held) -> str:
    server = held.server
    return f"{held.what} ({server.host}:{server.port})" if server else held.what


def _looked_at(service: Service) -> Iterator[Source]:
    """What a service that others stand on is, as its own probes say."""
    if service.kind in _OTHERS_STAND_ON:
        for probe in service.probes.values():
            fields = probe.model_dump(mode="json")
            yield from _apart(fields)
            for text in _texts(fields):
                yield from sources_in(text)


NOTHING = Ground()
"""Vigil stands on nothing: where nothing is run."""


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


def _apart(fields: dict[str, JsonValue]) -> Iterator[Source]:
    """A host and a port that stand in fields of their own."""
    host, port = fields.get("host"), fields.get("port")
    if isinstance(host, str) and isinstance(port, int):
        yield Source(server=Server(host=host, port=port))


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
