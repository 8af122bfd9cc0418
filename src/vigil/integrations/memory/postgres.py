"""Memory in PostgreSQL, searched with its text search.

PostgreSQL's own parser would make one word of ``process.restart`` or ``cache/full``, and its
``unaccent`` has to be installed by a superuser; so words are cut and unaccented here, for runbooks
and queries alike. Stemming, stop words and ranks are PostgreSQL's.
"""

import re
import unicodedata

from sqlalchemy import Connection, Engine, func, insert, text
from sqlalchemy.sql.functions import Function

from vigil.domain.runbook import Runbook
from vigil.integrations.memory.runbooks import MAX_WORDS
from vigil.integrations.memory.store import SqlMemory
from vigil.integrations.memory.tables import runbook_words

LONGEST_WORD = 100
"""PostgreSQL has no room for words of more than 2046 bytes; nobody looks for such a thing."""

_WORD = re.compile(r"[^\W_]+")
# What a runbook is about weighs more than what its prose mentions in passing (as D, C, B, A), and
# a word that few runbooks have more than one that all have.
_SEARCH = text(
    """
    WITH asked AS (
        SELECT DISTINCT query
          FROM unnest(CAST(:words AS text[])) AS word,
               LATERAL plainto_tsquery('english', word) AS query
         WHERE numnode(query) > 0
    ), hits AS (
        SELECT t.origin, t.runbook, a.query,
               ts_rank('{0.125, 0, 0.5, 1}', t.words, a.query, 1) AS rank,
               count(*) OVER (PARTITION BY CAST(a.query AS text)) AS found_in
          FROM asked a
          JOIN memory_runbook_text t ON t.words @@ a.query
    )
    SELECT r.document AS document,
           sum(h.rank * ln(1 + (n.known - h.found_in + 0.5) / (h.found_in + 0.5))) AS rank
      FROM hits h
      JOIN memory_runbooks r ON r.origin = h.origin AND r.runbook = h.runbook
     CROSS JOIN (SELECT count(*) AS known FROM memory_runbook_text) n
     GROUP BY r.origin, r.runbook
     ORDER BY rank DESC, r.origin, r.runbook
     LIMIT :limit
    """
)
_FORGET = text("DELETE FROM memory_runbook_text WHERE origin = :origin AND runbook = :runbook")


class PostgresMemory(SqlMemory):
    """Memory over an engine whose PostgreSQL database has memory's tables."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, WordVectors())


class WordVectors:
    """Fulfils ``TextIndex`` with a column of words and where they stand."""

    def store(self, connection: Connection, origin: str, runbook: Runbook) -> None:
        """Index its text, weighed by field."""
        about = " ".join((runbook.title, *runbook.keywords))
        weighed = (
            _weighed(" ".join(runbook.failure_types), "A")
            .op("||")(_weighed(about, "B"))
            .op("||")(_weighed(runbook.body, "D"))
        )
        connection.execute(
            insert(runbook_words).values(origin=origin, runbook=runbook.id, words=weighed)
        )

    def forget(self, connection: Connection, origin: str, runbook: str) -> None:
        """Drop it from the index."""
        connection.execute(_FORGET, {"origin": origin, "runbook": runbook})

    def search(self, connection: Connection, words: str, limit: int) -> list[tuple[str, float]]:
        """By the ranks of the words, each weighed by how rare it is."""
        wanted = list(dict.fromkeys(_words(words)))[:MAX_WORDS]
        if not wanted:
            return []
        rows = connection.execute(_SEARCH, {"words": wanted, "limit": limit})
        return [(row.document, float(row.rank)) for row in rows]


def _weighed(said: str, weight: str) -> Function[object]:
    vector = func.to_tsvector(text("CAST('english' AS regconfig)"), " ".join(_words(said)))
    return func.setweight(vector, text(f"'{weight}'"))


def _words(said: str) -> list[str]:
    """Letters and digits only, without case and accents."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", said) if not unicodedata.combining(c))
    return [word for word in _WORD.findall(bare.casefold()) if len(word) <= LONGEST_WORD]
