"""The line of those that were told no: who comes first is served first.

Without it, an incident that needs much would wait for ever beside others that need little.
"""

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from vigil.domain.value import Instant, Value
from vigil.integrations.locks.tables import locks, waiting


class _Place(Value):
    """One that waits, and for what."""

    since: Instant
    owner: str
    resources: frozenset[str]


def stand(connection: Connection, owner: str, resources: Sequence[str], at: datetime) -> None:
    """Stand in line from now on, or where one stands already."""
    wants = json.dumps(resources)
    mine = waiting.c.owner == owner
    if connection.execute(select(waiting.c.owner).where(mine)).one_or_none() is None:
        connection.execute(insert(waiting).values(owner=owner, since=at, resources=wants))
    else:
        connection.execute(update(waiting).where(mine).values(resources=wants))


def leave(connection: Connection, owner: str) -> None:
    """Wait no more."""
    connection.execute(delete(waiting).where(waiting.c.owner == owner))


def ahead_of(connection: Connection, owner: str, resources: Sequence[str]) -> dict[str, str]:
    """For each of the resources that somebody waits for who came first, who that is."""
    ahead: dict[str, str] = {}
    for place in _places(connection):
        if place.owner == owner:
            break
        for resource in place.resources.intersection(resources):
            ahead.setdefault(resource, place.owner)
    return ahead


def ready(connection: Connection, limit: int) -> tuple[str, ...]:
    """Those whose turn it is, as nobody has or waits earlier for what they want."""
    places = _places(connection)
    if not places:
        return ()
    rows = connection.execute(
        select(locks.c.resource, locks.c.owner).where(locks.c.owner.is_not(None))
    )
    owners = {row.resource: row.owner for row in rows}
    wanted: set[str] = set()
    chosen: list[str] = []
    for place in places:
        kept = any(owners.get(r, place.owner) != place.owner for r in place.resources)
        if not kept and wanted.isdisjoint(place.resources):
            chosen.append(place.owner)
        wanted |= place.resources
    return tuple(chosen[:limit])


def _places(connection: Connection) -> tuple[_Place, ...]:
    rows = connection.execute(select(waiting).order_by(waiting.c.since, waiting.c.owner))
    return tuple(
        _Place(since=row.since, owner=row.owner, resources=frozenset(json.loads(row.resources)))
        for row in rows
    )
