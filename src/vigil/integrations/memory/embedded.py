"""Memory in the one database, searched with SQLite's FTS5."""

import asyncio
import re
from collections.abc import Sequence

from pydantic import ValidationError
from sqlalchemy import Connection, Engine, delete, select, text
from sqlalchemy.dialects.sqlite import insert

from vigil.domain.errors import PermanentError
from vigil.domain.lesson import Lesson
from vigil.domain.runbook import Record, Runbook
from vigil.integrations._clients.database import read, write
from vigil.integrations.memory import lessons
from vigil.integrations.memory.tables import runbooks
from vigil.ports.memory import Ingested, Occurrence, Recalled

MAX_WORDS = 64
"""Words of a query that are looked for; a longer one is an alert's prose, which repeats itself."""
MAX_RECALLED = 50

_WORD = re.compile(r"\w+")
# What a runbook is about weighs more than what its prose mentions in passing.
_SEARCH = text(
    """
    SELECT r.document AS document,
           bm25(memory_runbook_text, 0.0, 0.0, 4.0, 4.0, 8.0, 1.0) AS rank
      FROM memory_runbook_text
      JOIN memory_runbooks r
        ON r.origin = memory_runbook_text.origin AND r.runbook = memory_runbook_text.runbook
     WHERE memory_runbook_text MATCH :query
     ORDER BY rank, r.origin, r.runbook
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


class EmbeddedMemory:
    """Memory over an engine whose database has memory's tables."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def ingest(self, origin: str, runbooks: Sequence[Runbook]) -> Ingested:
        """Make the index hold these, in one transaction."""
        wanted = {runbook.id: runbook for runbook in runbooks}
        return await asyncio.to_thread(
            write, self._engine, lambda connection: _ingest(connection, origin, wanted)
        )

    async def recall(self, words: str, limit: int) -> tuple[Recalled, ...]:
        """Find runbooks that have any of the words."""
        query = _query(words)
        if not query or limit < 1:
            return ()
        return await asyncio.to_thread(
            read,
            self._engine,
            lambda connection: _recall(connection, query, min(limit, MAX_RECALLED)),
        )

    async def learn(self, lesson: Lesson, attempt: int) -> None:
        """Keep a lesson; the first one of an attempt stays."""
        await asyncio.to_thread(
            write, self._engine, lambda connection: lessons.learn(connection, lesson, attempt)
        )

    async def like(self, like: Occurrence, limit: int) -> tuple[Lesson, ...]:
        """The newest lessons of the same trouble."""
        if limit < 1:
            return ()
        return await asyncio.to_thread(
            read,
            self._engine,
            lambda connection: lessons.like(connection, like, min(limit, MAX_RECALLED)),
        )

    async def record(self, runbook: Runbook, service_kind: str) -> Record:
        """Count the trials of this very text on this kind of service."""
        return await asyncio.to_thread(
            read, self._engine, lambda connection: lessons.record(connection, runbook, service_kind)
        )


def _query(words: str) -> str:
    """Any of the words, each quoted, so that none can be an operator of the index."""
    found = dict.fromkeys(word.lower() for word in _WORD.findall(words))
    return " OR ".join(f'"{word}"' for word in list(found)[:MAX_WORDS])


def _ingest(connection: Connection, origin: str, wanted: dict[str, Runbook]) -> Ingested:
    rows = connection.execute(
        select(runbooks.c.runbook, runbooks.c.document).where(runbooks.c.origin == origin)
    )
    stored = {row.runbook: row.document for row in rows}
    documents = {name: runbook.model_dump_json() for name, runbook in wanted.items()}
    gone = stored.keys() - documents.keys()
    new = documents.keys() - stored.keys()
    changed = {n for n in documents.keys() & stored.keys() if documents[n] != stored[n]}
    for name in sorted(gone | changed):
        key = {"origin": origin, "runbook": name}
        connection.execute(_FORGET, key)
        connection.execute(
            delete(runbooks).where(runbooks.c.origin == origin, runbooks.c.runbook == name)
        )
    for name in sorted(new | changed):
        _store(connection, origin, wanted[name], documents[name])
    return Ingested(
        added=len(new),
        updated=len(changed),
        unchanged=len(documents) - len(new) - len(changed),
        removed=len(gone),
    )


def _store(connection: Connection, origin: str, runbook: Runbook, document: str) -> None:
    connection.execute(
        insert(runbooks).values(origin=origin, runbook=runbook.id, document=document)
    )
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


def _recall(connection: Connection, query: str, limit: int) -> tuple[Recalled, ...]:
    rows = connection.execute(_SEARCH, {"query": query, "limit": limit}).all()
    # bm25 is below 0 and the best is the lowest; a word that is in every runbook weighs nothing.
    best = min((row.rank for row in rows), default=0.0)
    return tuple(
        Recalled(runbook=_restored(row.document), text_score=row.rank / best if best < 0 else 1.0)
        for row in rows
    )


def _restored(document: str) -> Runbook:
    try:
        return Runbook.model_validate_json(document)
    except ValidationError as error:
        raise PermanentError(
            "a stored runbook cannot be read, because another version of Vigil stored it; "
            "store them again with: vigil ingest runbooks DIR"
        ) from error
