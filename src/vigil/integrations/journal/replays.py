"""What sources call their deliveries: by it a message that somebody sends again is known."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from vigil.domain.identity import sha256_hex
from vigil.integrations.journal.tables import delivery_ids
from vigil.ports.journal import REMEMBERED


def seen_before(connection: Connection, source: str, ids: Sequence[str]) -> bool:
    """Whether any of them was remembered."""
    return bool(_known(connection, _digests(source, ids)))


def remember(connection: Connection, source: str, ids: Sequence[str], now: datetime) -> None:
    """Keep them from now on, and drop what is older than any replay that is looked for."""
    connection.execute(delete(delivery_ids).where(delivery_ids.c.at < now - REMEMBERED))
    wanted = _digests(source, ids)
    known = _known(connection, wanted)
    connection.execute(
        update(delivery_ids)
        .where(delivery_ids.c.digest.in_(known), delivery_ids.c.at < now)
        .values(at=now)
    )
    new = [{"digest": digest, "at": now} for digest in sorted(wanted - known)]
    if new:
        connection.execute(insert(delivery_ids), new)


def _known(connection: Connection, digests: set[str]) -> set[str]:
    found = select(delivery_ids.c.digest).where(delivery_ids.c.digest.in_(digests))
    return set(connection.execute(found).scalars())


def _digests(source: str, ids: Sequence[str]) -> set[str]:
    """Of one length, whatever a source sends; half a surrogate pair has a spelling here as well."""
    return {sha256_hex(source.encode(), one.encode("utf-8", "surrogatepass")) for one in ids}
