"""What sources call their deliveries: by it a message that somebody sends again is known."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from vigil.domain.identity import sha256_hex
from vigil.integrations.journal.tables import delivery_ids
from vigil.ports.inbox import REMEMBERED, Arrival


class Replays:
    """Looked up once for many arrivals, and remembered once for those that were heard."""

    def __init__(self, connection: Connection, arrivals: Sequence[Arrival]) -> None:
        self._connection = connection
        named = set[str]().union(*(_digests(one) for one in arrivals))
        found = select(delivery_ids.c.digest).where(delivery_ids.c.digest.in_(named))
        self._known = set(connection.execute(found).scalars()) if named else set()
        self._new: dict[str, datetime] = {}

    def came_before(self, arrival: Arrival) -> bool:
        """Whether a delivery with any of its identifiers was heard."""
        return not self._known.isdisjoint(_digests(arrival))

    def heard(self, arrival: Arrival) -> None:
        """From now on each of its identifiers makes a replay."""
        digests = _digests(arrival)
        self._known |= digests
        self._new |= dict.fromkeys(digests, arrival.at)

    def remember(self) -> None:
        """Keep what was heard, and drop what is older than any replay that is looked for."""
        if not self._new:
            return
        oldest = max(self._new.values()) - REMEMBERED
        self._connection.execute(delete(delivery_ids).where(delivery_ids.c.at < oldest))
        rows = [{"digest": digest, "at": at} for digest, at in sorted(self._new.items())]
        self._connection.execute(insert(delivery_ids), rows)


def _digests(arrival: Arrival) -> set[str]:
    """Of one length, whatever a source sends; half a surrogate pair has a spelling here as well."""
    source = arrival.source.encode()
    return {sha256_hex(source, one.encode("utf-8", "surrogatepass")) for one in arrival.ids}
