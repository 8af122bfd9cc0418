"""Memory in SQLite, searched with its FTS5."""

import re

from sqlalchemy import Connection, Engine, text

from vigil.domain.runbook import Runbook
from vigil.integrations.memory.runbooks import MAX_WORDS
from vigil.integrations.memory.store import SqlMemory

_WORD = re.compile(r"\w+")
# What a runbook is about weighs more than what its prose mentions in passing. FTS5 gives the best
# one the lowest rank, below 0.
_SEARCH = text(
    """
    SELECT r.document AS document,
           -bm25(memory_runbook_text, 0.0, 0.0, 4.0, 4.0, 8.0, 1.0) AS rank
      FROM memory_runbook_text
      JOIN memory_runbooks r
        ON r.origin = memory_runbook_text.origin AND r.runbook = memory_runbook_text.runbook
     WHERE memory_runbook_text MATCH :query
     ORDER BY rank DESC, r.origin, r.runbook
     LIMIT :limit
    """
)
_INDEX = text(
    """
    INSERT INTO memory_runbook_text (origin, runbook, title, keywords, failure_types, body)
    VALUES (:origin, :runbook, :title, :keywords, :failure_types, :body)
    """
)
_FORGET = text("DELETE FROM memory_runbook_text WHERE origin = :origin AND runbook = :runbook")


class EmbeddedMemory(SqlMemory):
    """Memory over an engine whose SQLite database has memory's tables."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, FullText())


class FullText:
    """Fulfils ``TextIndex`` with a virtual table."""

    def store(self, connection: Connection, origin: str, runbook: Runbook) -> None:
        """Index its text by field."""
        connection.execute(
            _INDEX,
            {
                "origin": origin,
                "runbook": runbook.id,
                "title": runbook.title,
                "keywords": " ".join(runbook.keywords),
                "failure_types": " ".join(runbook.failure_types),
                "body": runbook.body,
            },
        )

    def forget(self, connection: Connection, origin: str, runbook: str) -> None:
        """Drop it from the index."""
        connection.execute(_FORGET, {"origin": origin, "runbook": runbook})

    def search(self, connection: Connection, words: str, limit: int) -> list[tuple[str, float]]:
        """By BM25."""
        query = _query(words)
        if not query:
            return []
        rows = connection.execute(_SEARCH, {"query": query, "limit": limit})
        return [(row.document, row.rank) for row in rows]


def _query(words: str) -> str:
    """Any of the words, each quoted, so that none can be an operator of the index."""
    found = dict.fromkeys(word.lower() for word in _WORD.findall(words))
    return " OR ".join(f'"{word}"' for word in list(found)[:MAX_WORDS])
