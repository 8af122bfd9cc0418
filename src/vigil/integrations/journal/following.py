"""What people do at a source with what became an incident here: seen, and kept with it."""

from datetime import datetime

from sqlalchemy import Connection

from vigil.domain.alert import Doing
from vigil.domain.incident import Incident
from vigil.integrations.journal import intake
from vigil.integrations.journal.keys import Keys
from vigil.integrations.journal.said import tell
from vigil.integrations.journal.troubles import incident_of, remember


def follow(connection: Connection, keys: Keys, doing: Doing, now: datetime) -> None:
    """Onto the timeline of the incident that it is about; else it is only counted."""
    found = incident_of(connection, doing.trouble_key, now)
    if found is None:
        trace = f"'{doing.did}' is about an incident there that is none in hand here"
        intake.record_trace(connection, doing.source, trace, now)
        return
    other = _goes_on_as(connection, doing, found, now)
    if other is None:
        tell(connection, keys, found, doing, now)
        return
    tell(connection, keys, found, doing, now, other=other)
    tell(connection, keys, other, doing, now, other=found)


def _goes_on_as(
    connection: Connection, doing: Doing, found: Incident, now: datetime
) -> Incident | None:
    """The other incident here that it was merged into, if it has one of its own."""
    if doing.into_key is None:
        return None
    into = incident_of(connection, doing.into_key, now)
    if into is None:
        # Nobody here has heard of that one: what becomes of it becomes of this incident.
        remember(connection, doing.into_key, doing.source, found.id, now)
    return into if into is not None and into.id != found.id else None
