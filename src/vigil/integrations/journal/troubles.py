"""Which incident a trouble became that its source goes on telling of.

It lies with the deliveries, under a key that no delivery has.
"""

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from vigil.domain.incident import Incident
from vigil.integrations.journal.rows import get_incident
from vigil.integrations.journal.tables import deliveries, incidents


def remember(
    connection: Connection, key: str, source: str, incident_id: str, now: datetime
) -> None:
    """From here on it is this incident."""
    again = (
        update(deliveries)
        .where(deliveries.c.delivery_key == key)
        .values(incident=incident_id, last_at=now)
    )
    if connection.execute(again).rowcount:
        return
    row = {"delivery_key": key, "source": source, "incident": incident_id, "count": 1}
    connection.execute(insert(deliveries).values(**row, first_at=now, last_at=now))


def incident_of(connection: Connection, key: str, now: datetime) -> Incident | None:
    """The incident, ours until this transaction ends, if it is open or in somebody's hand."""
    in_hand = incidents.c.closed_at.is_(None) | (incidents.c.handed_over_until > now)
    query = (
        select(incidents.c.id)
        .join(deliveries, deliveries.c.incident == incidents.c.id)
        .where(deliveries.c.delivery_key == key, in_hand)
    )
    found = connection.execute(query).scalar_one_or_none()
    return None if found is None else get_incident(connection, found, to_change=True)
