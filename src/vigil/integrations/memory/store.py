"""Memory in the one database, whichever that is; adapters bring the index of words."""

import asyncio
from collections.abc import Sequence

from sqlalchemy import Engine

from vigil.domain.lesson import Lesson
from vigil.domain.runbook import Record, Runbook
from vigil.integrations._clients.database import read, write
from vigil.integrations.memory import lessons
from vigil.integrations.memory import runbooks as rows
from vigil.ports.memory import Ingested, Occurrence, Recalled

MAX_RECALLED = 50


class SqlMemory:
    """Memory over an engine whose database has memory's tables."""

    def __init__(self, engine: Engine, index: rows.TextIndex) -> None:
        self._engine = engine
        self._index = index

    async def ingest(self, origin: str, runbooks: Sequence[Runbook]) -> Ingested:
        """Make the index hold these, in one transaction."""
        wanted = {runbook.id: runbook for runbook in runbooks}
        return await asyncio.to_thread(
            write, self._engine, lambda c: rows.ingest(c, self._index, origin, wanted)
        )

    async def recall(self, words: str, limit: int) -> tuple[Recalled, ...]:
        """Find runbooks that have any of the words."""
        if limit < 1:
            return ()
        most = min(limit, MAX_RECALLED)
        return await asyncio.to_thread(
            read, self._engine, lambda c: rows.recall(c, self._index, words, most)
        )

    async def learn(self, lesson: Lesson, attempt: int) -> None:
        """Keep a lesson; the first one of an attempt stays."""
        await asyncio.to_thread(write, self._engine, lambda c: lessons.learn(c, lesson, attempt))

    async def like(self, like: Occurrence, limit: int) -> tuple[Lesson, ...]:
        """The newest lessons of the same trouble."""
        if limit < 1:
            return ()
        most = min(limit, MAX_RECALLED)
        return await asyncio.to_thread(read, self._engine, lambda c: lessons.like(c, like, most))

    async def came_back(self, incident: str, attempt: int, came_back_as: str) -> Lesson | None:
        """What was proven fixed was there again."""
        return await asyncio.to_thread(
            write,
            self._engine,
            lambda c: lessons.came_back(c, incident, attempt, came_back_as),
        )

    async def record(self, runbook: Runbook, service_kind: str) -> Record:
        """Count the trials of this very text on this kind of service."""
        return await asyncio.to_thread(
            read, self._engine, lambda c: lessons.record(c, runbook, service_kind)
        )
