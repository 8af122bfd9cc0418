"""Grants that would let one verb do away with what another one is about."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from vigil.domain.verbs import VERBS
from vigil.domain.verbs.places import server
from vigil.domain.verbs.redis import RedisGrant

Place = tuple[str | int, ...]
Raw = Mapping[Any, Any]
_ADDRESS = ("host", "port")


class _Grant(NamedTuple):
    """A grant in a Redis."""

    owner: str
    name: str
    raw: Raw
    where: tuple[object, ...]
    """Which Redis it is, as seen from the runner that is near it."""

    @property
    def keys(self) -> Iterator[str]:
        """What it is about that is no cache."""
        verb = VERBS.get(str(self.raw.get("verb")))
        holds = verb.grant.holds if verb and issubclass(verb.grant, RedisGrant) else ()
        for field in map(self.raw.get, holds):
            listed = field if isinstance(field, list | tuple) else (field,)
            named = (*listed, *(each.get("key") for each in _mappings(field)))
            yield from (key for key in named if isinstance(key, str))


def overlapping(services: Raw) -> Iterator[tuple[Place, str]]:
    """Place and sentence of each cache, in a raw catalogue of any shape, whose keys may be others'.

    A queue that a cache's prefix covers could be deleted with it, under another lock than its own.
    """
    grants = list(_grants(services))
    for cache in grants:
        prefix = cache.raw.get("prefix")
        if cache.raw.get("verb") != "cache.delete" or not (isinstance(prefix, str) and prefix):
            continue
        for other in grants:
            for key in other.keys if other.where == cache.where else ():
                if key.startswith(prefix):
                    text = (
                        f"it may delete '{key}', which is no cache but that of the grant "
                        f"'{other.name}' of '{other.owner}'; make the prefix longer, or move one"
                    )
                    yield ("services", cache.owner, "grants", cache.name, "prefix"), text


def _grants(services: Raw) -> Iterator[_Grant]:
    for owner, service in services.items():
        grants = service.get("grants") if isinstance(service, Mapping) else None
        for name, raw in grants.items() if isinstance(grants, Mapping) else ():
            host, port = (raw.get(key) if isinstance(raw, Mapping) else 0 for key in _ADDRESS)
            if isinstance(host, str) and isinstance(port, int):
                where = (service.get("runner"), server(host, port), raw.get("db", 0))
                yield _Grant(str(owner), str(name), raw, where)


def _mappings(value: object) -> Iterator[Raw]:
    for each in value.values() if isinstance(value, Mapping) else ():
        if isinstance(each, Mapping):
            yield each
