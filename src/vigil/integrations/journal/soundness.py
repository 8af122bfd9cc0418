"""A quick look at whether the record is what was written, for a Vigil that wants to know itself.

It reads the newest timelines only and trusts the installation's own database for what was signed.
An outsider verifies an export, which is all of it.
"""

from sqlalchemy import Connection, Engine, RowMapping, select

from vigil.domain.audit_chain import Chain
from vigil.domain.errors import ChainBroken
from vigil.integrations._clients.database import read
from vigil.integrations.journal.chain import read_events
from vigil.integrations.journal.keys import Keys
from vigil.integrations.journal.tables import checkpoint_heads, incidents

NEWEST = 20
"""Timelines that are looked at."""
MOST_EVENTS = 2000
"""A longer one is left to an export."""


_LINK = (incidents.c.id, incidents.c.head_seq, incidents.c.head_hash)


def check_newest(engine: Engine, keys: Keys) -> str:
    """One line on timelines that are whole; ``ChainBroken`` on one that is not."""
    return read(engine, lambda connection: _check(connection, keys))


def _check(connection: Connection, keys: Keys) -> str:
    # Only what every revision has: doctor also looks at a record that is still to be migrated.
    newest = select(*_LINK).where(incidents.c.head_seq <= MOST_EVENTS)
    query = newest.order_by(incidents.c.opened_at.desc(), incidents.c.id.desc()).limit(NEWEST)
    found = connection.execute(query).mappings().all()
    for incident in found:
        problems = _problems(connection, keys, incident)
        if problems:
            raise ChainBroken(
                f"{problems[0]}; export the record, run vigil audit verify, and restore a backup"
            )
    return f"the newest {len(found)} are as they were written"


def _problems(connection: Connection, keys: Keys, incident: RowMapping) -> list[str]:
    said = select(checkpoint_heads.c.seq, checkpoint_heads.c.hash).where(
        checkpoint_heads.c.incident == incident["id"]
    )
    signed = {int(row.seq): str(row.hash) for row in connection.execute(said)}
    # What nobody signed yet is covered by the row itself, in which the newest link is named.
    signed[incident["head_seq"]] = incident["head_hash"]
    chain = Chain(incident["id"], signed)
    events = read_events(connection, keys, incident["id"], after=0)
    return [*(problem for event in events for problem in chain.add(event)), *chain.close()]
