"""The lessons of an incident that ends: what was thought, tried and proven, and what that moves."""

from collections.abc import Sequence
from dataclasses import dataclass

from vigil.domain.catalogue import Catalogue, Environment, ServiceKind
from vigil.domain.ending import Ending
from vigil.domain.hypothesis import FailureType, Hypothesis
from vigil.domain.incident import Incident
from vigil.domain.lesson import Lesson
from vigil.domain.plan import Execution, Plan
from vigil.domain.proof import TRIALS, Outcome, Proof
from vigil.domain.runbook import Record, RunbookMatch
from vigil.domain.value import Instant, Value
from vigil.ports.memory import Memory


@dataclass(frozen=True)
class Attempt:
    """What one attempt left on record; a rollback is no attempt of its own here."""

    number: int
    top: Hypothesis
    matches: tuple[RunbookMatch, ...] = ()
    plan: Plan | None = None
    execution: Execution | None = None
    proof: Proof | None = None


class Moved(Value):
    """A runbook's record on one kind of service before and after a lesson.

    ``before`` and ``after`` are what this installation counted; ``lab`` counts as well in a lab.
    """

    match: RunbookMatch
    likelihood: float
    before: Record
    after: Record
    lab: Record | None


class Learned(Value):
    """A lesson that was kept; ``moved`` is None when nothing was tried."""

    lesson: Lesson
    moved: Moved | None


async def learn(
    incident: Incident,
    attempts: Sequence[Attempt],
    ending: Ending,
    *,
    catalogue: Catalogue,
    memory: Memory,
    now: Instant,
) -> tuple[Learned, ...]:
    """Keep a lesson for each attempt that was verified or not, or one for an end without any.

    Again with the same changes nothing: memory keeps the first lesson of an attempt.
    """
    service = catalogue.services.get(incident.service)
    kind = service.kind if service else ServiceKind.OTHER
    learned: list[Learned] = []
    for attempt, lesson in _lessons(incident, attempts, ending, kind, now):
        await memory.learn(lesson, attempt.number if attempt else incident.attempt)
        moved = await _moved(attempt, lesson, catalogue.environment, memory) if attempt else None
        learned.append(Learned(lesson=lesson, moved=moved))
    return tuple(learned)


def _lessons(
    incident: Incident, attempts: Sequence[Attempt], ending: Ending, kind: str, now: Instant
) -> list[tuple[Attempt | None, Lesson]]:
    tried = [
        (attempt, _lesson(incident, attempt, attempt.proof.outcome, attempt.proof.text, kind, now))
        for attempt in attempts
        if attempt.proof is not None
    ]
    if tried:
        return list(tried)
    last = attempts[-1] if attempts else None
    return [(None, _lesson(incident, last, ending.outcome, ending.text, kind, now))]


def _lesson(
    incident: Incident,
    attempt: Attempt | None,
    outcome: Outcome,
    proof: str,
    kind: str,
    now: Instant,
) -> Lesson:
    top, plan = (attempt.top, attempt.plan) if attempt else (None, None)
    named = plan if outcome not in TRIALS or (attempt and _is_trial(attempt)) else None
    return Lesson(
        incident=incident.id,
        service=incident.service,
        service_kind=kind,
        symptom=incident.symptom,
        failure_type=top.failure_type if top else FailureType.UNKNOWN,
        component=top.component if top else incident.service,
        hypothesis=top.text if top else "",
        runbook=named.runbook if named else None,
        runbook_digest=named.runbook_digest if named else None,
        actions=_started(attempt) if attempt else (),
        outcome=outcome,
        proof=proof,
        seconds=(now - incident.opened_at).total_seconds(),
        at=now,
    )


def _is_trial(attempt: Attempt) -> bool:
    """Vigil may have failed half-way and nobody looked, or a person may have stopped it there.

    Neither says anything of the runbook.
    """
    return attempt.proof is not None and not attempt.proof.interrupted


def _started(attempt: Attempt) -> tuple[str, ...]:
    """The titles of the actions that were started."""
    if attempt.plan is None or attempt.execution is None:
        return ()
    started = {result.action for result in attempt.execution.results}
    return tuple(action.title for action in attempt.plan.actions if action.id in started)


async def _moved(
    attempt: Attempt, lesson: Lesson, environment: Environment, memory: Memory
) -> Moved | None:
    match = next((m for m in attempt.matches if m.runbook.id == lesson.runbook), None)
    counts = lesson.outcome in TRIALS and match is not None
    if match is None or not counts or match.runbook.digest != lesson.runbook_digest:
        return None
    after = await memory.record(match.runbook, lesson.service_kind)
    # Worked out backwards: after a crash in between, the lesson is in the record already.
    proven = lesson.outcome is Outcome.VERIFIED
    # Nor need it be: a memory that keeps the first lesson of an attempt may have had another one.
    trials = max(0, after.trials - 1)
    before = Record(trials=trials, successes=min(trials, max(0, after.successes - proven)))
    lab = match.runbook.lab_record if environment is Environment.LAB else None
    return Moved(
        match=match, likelihood=attempt.top.likelihood, before=before, after=after, lab=lab
    )
