"""From the inbox into incidents: many deliveries in one transaction, each of them once.

What is said again and again, as in a storm, costs one question and one write for the whole batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from vigil.domain.incident import Incident
from vigil.integrations.journal import intake, letters
from vigil.integrations.journal.following import follow
from vigil.integrations.journal.keys import Keys
from vigil.integrations.journal.replays import Replays
from vigil.integrations.journal.rows import get_incidents
from vigil.integrations.journal.tables import deliveries
from vigil.ports.inbox import Arrival, Joined, MappedAlert, TakenIn

TOO_LATE = "an alert came after its own end, and opened nothing"


def receive(connection: Connection, keys: Keys, arrivals: Sequence[Arrival]) -> tuple[TakenIn, ...]:
    """Those that are still in the inbox leave it, and are heard in this order."""
    there = letters.take_out(connection, [arrival.number for arrival in arrivals])
    present = [arrival for arrival in arrivals if arrival.number in there]
    replays = Replays(connection, present)
    known = _KnownKeys(connection, [mapped for one in present for mapped in one.alerts])
    taken = []
    for arrival in present:
        if replays.came_before(arrival):
            taken.append(TakenIn(arrival=arrival, joined=(), replayed=True))
            continue
        for trace in arrival.traces:
            intake.record_trace(connection, arrival.source, trace, arrival.at)
        for doing in arrival.doings:
            follow(connection, keys, doing, arrival.at)
        joined = tuple(
            _hear(connection, keys, known, mapped, arrival.at) for mapped in arrival.alerts
        )
        replays.heard(arrival)
        taken.append(TakenIn(arrival=arrival, joined=joined))
    known.count()
    replays.remember()
    return tuple(taken)


def _hear(
    connection: Connection, keys: Keys, known: "_KnownKeys", mapped: MappedAlert, now: datetime
) -> Joined:
    key = mapped.alert.delivery_key
    is_known = key in known.incidents
    if mapped.alert.end_key in known.incidents:
        intake.record_trace(connection, mapped.alert.source, TOO_LATE, now)
        return Joined(incident=None, opened=False, repeated=is_known)
    if is_known:
        before = known.repeated(key, now)
        if not intake.is_back(mapped.alert, before, now):
            return Joined(incident=before, opened=False, repeated=True)
    joined = intake.hear(connection, keys, mapped, now, came_back=is_known)
    known.incidents[key] = joined.incident
    return joined


@dataclass
class _Times:
    """How often a key came again, and when last."""

    number: int
    last: datetime


class _KnownKeys:
    """The delivery keys of a batch that came before, each with the incident that it belongs to."""

    def __init__(self, connection: Connection, alerts: Sequence[MappedAlert]) -> None:
        self._connection = connection
        self._again: dict[str, _Times] = {}
        keys = {mapped.alert.delivery_key for mapped in alerts}
        ends = {key for mapped in alerts if (key := mapped.alert.end_key)}
        self.incidents = _incidents_of(connection, keys | ends)

    def repeated(self, key: str, now: datetime) -> Incident | None:
        """It came once more; what it belongs to."""
        times = self._again.setdefault(key, _Times(0, now))
        times.number += 1
        times.last = max(times.last, now)
        return self.incidents[key]

    def count(self) -> None:
        """Write down how often."""
        for key, times in sorted(self._again.items()):
            intake.count_again(self._connection, key, times.number, times.last)


def _incidents_of(connection: Connection, keys: set[str]) -> dict[str, Incident | None]:
    known = select(deliveries.c.delivery_key, deliveries.c.incident).where(
        deliveries.c.delivery_key.in_(keys)
    )
    # Nobody else hears the same keys meanwhile; in an order in which no two wait for each other.
    in_order = known.order_by(deliveries.c.delivery_key).with_for_update()
    rows = connection.execute(in_order).all()
    found = get_incidents(connection, {row.incident for row in rows if row.incident})
    return {row.delivery_key: found.get(row.incident) for row in rows}
