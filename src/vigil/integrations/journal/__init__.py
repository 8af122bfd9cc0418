"""The record, its keys, and the export that an outsider can verify."""

from vigil.integrations.journal.counting import holds_incidents
from vigil.integrations.journal.export import export_lines
from vigil.integrations.journal.inbox import SqlInbox
from vigil.integrations.journal.journal import SqlJournal
from vigil.integrations.journal.keys import Keys, load_keys
from vigil.integrations.journal.ledger import Caps, SqlLedger
from vigil.integrations.journal.meanings import SqlMeanings
from vigil.integrations.journal.post import SqlPost

__all__ = [
    "Caps",
    "Keys",
    "SqlInbox",
    "SqlJournal",
    "SqlLedger",
    "SqlMeanings",
    "SqlPost",
    "export_lines",
    "holds_incidents",
    "load_keys",
]
