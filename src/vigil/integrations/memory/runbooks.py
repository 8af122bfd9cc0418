"""Rows of runbooks: kept as they were given, and found again by an index of their words."""

from collections.abc import Mapping
from typing import Protocol

from pydantic import ValidationError
from sqlalchemy import Connection, delete, insert, select

from vigil.domain.errors import PermanentError
from vigil.domain.identity import content_digest
from vigil.domain.runbook import Runbook
from vigil.integrations.memory.tables import runbooks
from vigil.ports.memory import Ingested, Recalled

MAX_WORDS = 64
"""Words of a query that are looked for; a longer one is an alert's prose, which repeats itself."""

_LONGEST_ORIGIN = 200


class TextIndex(Protocol):
    """What a database has to find runbooks by their words."""

    def store(self, connection: Connection, origin: str, runbook: Runbook) -> None:
        """From now on it is found."""
        ...

    def forget(self, connection: Connection, origin: str, runbook: str) -> None:
        """From now on it is not."""
        ...

    def search(self, connection: Connection, words: str, limit: int) -> list[tuple[str, float]]:
        """Documents of those that have any of the words, with a rank above 0, best first."""
        ...


def ingest(
    connection: Connection, index: TextIndex, origin: str, wanted: Mapping[str, Runbook]
) -> Ingested:
    """Make the stored runbooks of ``origin`` exactly these."""
    place = _place(origin)
    rows = connection.execute(
        select(runbooks.c.runbook, runbooks.c.document).where(runbooks.c.origin == place)
    )
    stored = {row.runbook: row.document for row in rows}
    documents = {name: runbook.model_dump_json() for name, runbook in wanted.items()}
    gone = stored.keys() - documents.keys()
    new = documents.keys() - stored.keys()
    changed = {n for n in documents.keys() & stored.keys() if documents[n] != stored[n]}
    for name in sorted(gone | changed):
        index.forget(connection, place, name)
        connection.execute(
            delete(runbooks).where(runbooks.c.origin == place, runbooks.c.runbook == name)
        )
    for name in sorted(new | changed):
        connection.execute(
            insert(runbooks).values(origin=place, runbook=name, document=documents[name])
        )
        index.store(connection, place, wanted[name])
    return Ingested(
        added=len(new),
        updated=len(changed),
        unchanged=len(documents) - len(new) - len(changed),
        removed=len(gone),
    )


def recall(
    connection: Connection, index: TextIndex, words: str, limit: int
) -> tuple[Recalled, ...]:
    """Those that have any of the words, as good as the best one or a share of that."""
    found = index.search(connection, words, limit)
    best = max((rank for _, rank in found), default=0.0)
    return tuple(
        Recalled(runbook=_restored(document), text_score=rank / best if best > 0 else 1.0)
        for document, rank in found
    )


def _place(origin: str) -> str:
    """A directory may have a longer name than its column."""
    return origin if len(origin) <= _LONGEST_ORIGIN else content_digest(origin)


def _restored(document: str) -> Runbook:
    try:
        return Runbook.model_validate_json(document)
    except ValidationError as error:
        raise PermanentError(
            "a stored runbook cannot be read, because another version of Vigil stored it; "
            "store them again with: vigil ingest runbooks DIR"
        ) from error
