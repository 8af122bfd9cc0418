"""Store and recall runbooks and lessons."""

from collections.abc import Sequence
from typing import Protocol

from vigil.domain.lesson import Lesson
from vigil.domain.runbook import Record, Runbook
from vigil.domain.value import Value


class Ingested(Value):
    """What an ingestion changed."""

    added: int
    updated: int
    unchanged: int
    removed: int


class Recalled(Value):
    """A runbook found by text, with the text's share of the match, 0 to 1 (1 is the best hit)."""

    runbook: Runbook
    text_score: float


class Occurrence(Value):
    """What makes two incidents alike."""

    incident: str
    """The one that asks."""
    service: str
    symptom: str
    failure_type: str


class Memory(Protocol):
    """What Vigil knows from before.

    1. ``ingest`` makes the stored runbooks of ``origin`` exactly those given; again with the same
       changes nothing.
    2. ``recall`` gives at most ``limit`` runbooks, best first, the same order every time; words
       that mean something to the index (quotes, AND, NEAR, ...) are only words.
    3. ``learn`` stores one lesson per incident and attempt; again with the same changes nothing.
    4. ``record`` counts the lessons of a runbook's present text on this kind of service.
    5. ``like`` gives the lessons of one service and symptom with this failure type, newest first,
       at most ``limit``; those of the incident itself are not among them.
    6. ``came_back`` makes the lesson of one attempt that was verified one that was not: ``record``
       counts it as a trial without success from then on, and ``like`` tells what it came back as.
       The first time stays; of a lesson that says anything else, or of none, nothing is changed.
    """

    async def ingest(self, origin: str, runbooks: Sequence[Runbook]) -> Ingested:
        """Make the index hold these."""
        ...

    async def recall(self, words: str, limit: int) -> tuple[Recalled, ...]:
        """Find runbooks by text."""
        ...

    async def learn(self, lesson: Lesson, attempt: int) -> None:
        """Keep a lesson."""
        ...

    async def like(self, like: Occurrence, limit: int) -> tuple[Lesson, ...]:
        """What happened before."""
        ...

    async def came_back(self, incident: str, attempt: int, came_back_as: str) -> Lesson | None:
        """What was proven fixed was there again, as that incident; the lesson as it is now."""
        ...

    async def record(self, runbook: Runbook, service_kind: str) -> Record:
        """How often this runbook was tried here, and how often proven."""
        ...
