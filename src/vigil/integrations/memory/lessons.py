"""Rows of lessons: kept once, counted as a runbook's record, and found again."""

from pydantic import ValidationError
from sqlalchemy import Connection, func, insert, select, update

from vigil.domain.errors import PermanentError
from vigil.domain.lesson import Lesson
from vigil.domain.proof import TRIALS, Outcome
from vigil.domain.runbook import Record, Runbook
from vigil.integrations.memory.tables import lessons
from vigil.ports.memory import Occurrence


def learn(connection: Connection, lesson: Lesson, attempt: int) -> None:
    """Keep a lesson; the first one of an attempt stays."""
    known = select(lessons.c.at).where(
        lessons.c.incident == lesson.incident, lessons.c.attempt == attempt
    )
    if connection.execute(known).one_or_none() is not None:
        return
    connection.execute(
        insert(lessons).values(
            incident=lesson.incident,
            attempt=attempt,
            service=lesson.service,
            service_kind=lesson.service_kind,
            symptom=lesson.symptom,
            failure_type=lesson.failure_type,
            runbook=lesson.runbook,
            runbook_digest=lesson.runbook_digest,
            outcome=lesson.outcome,
            at=lesson.at,
            document=lesson.model_dump_json(),
        )
    )


def like(connection: Connection, occurrence: Occurrence, limit: int) -> tuple[Lesson, ...]:
    """The newest lessons of the same service, symptom and failure type."""
    rows = connection.execute(
        select(lessons.c.document)
        .where(
            lessons.c.service == occurrence.service,
            lessons.c.symptom == occurrence.symptom,
            lessons.c.failure_type == occurrence.failure_type,
            lessons.c.incident != occurrence.incident,
        )
        .order_by(lessons.c.at.desc(), lessons.c.incident.desc(), lessons.c.attempt.desc())
        .limit(limit)
    )
    return tuple(_restored(document) for document in rows.scalars())


def came_back(
    connection: Connection, incident: str, attempt: int, came_back_as: str
) -> Lesson | None:
    """What was taken for a success was none; the lesson as it is then, whoever says so again."""
    this = (lessons.c.incident == incident) & (lessons.c.attempt == attempt)
    kept = select(lessons.c.document).where(this).with_for_update()
    document = connection.execute(kept).scalar_one_or_none()
    if document is None:
        return None
    lesson = _restored(document)
    if lesson.outcome is not Outcome.VERIFIED:
        return lesson
    failed = lesson.model_copy(update={"outcome": Outcome.NOT_FIXED, "came_back_as": came_back_as})
    values = {"outcome": failed.outcome, "document": failed.model_dump_json()}
    connection.execute(update(lessons).where(this).values(**values))
    return failed


def record(connection: Connection, runbook: Runbook, service_kind: str) -> Record:
    """Count the trials of this very text on this kind of service."""
    counted = connection.execute(
        select(lessons.c.outcome, func.count().label("trials"))
        .where(
            lessons.c.runbook == runbook.id,
            lessons.c.runbook_digest == runbook.digest,
            lessons.c.service_kind == service_kind,
            lessons.c.outcome.in_(TRIALS),
        )
        .group_by(lessons.c.outcome)
    )
    counts = {row.outcome: row.trials for row in counted}
    return Record(trials=sum(counts.values()), successes=counts.get(Outcome.VERIFIED, 0))


def _restored(document: str) -> Lesson:
    try:
        return Lesson.model_validate_json(document)
    except ValidationError as error:
        raise PermanentError(
            "a stored lesson cannot be read, because another version of Vigil stored it; run that "
            "version or a newer one"
        ) from error
