"""Is this trouble that was proven fixed a short while ago? Then that proof no longer counts.

The former incident stays closed, and what it has on record stays as it was written. Beside it is
written that it came back: its lesson is one of a failure from then on, and so is its plan to the
breakers. All of it is done before the new incident goes on to decide, and can be done again: each
part is written once.
"""

from dataclasses import dataclass
from datetime import timedelta

from vigil.domain.case import Investigation
from vigil.domain.catalogue import LONGEST_WATCH_S
from vigil.domain.change import OWN_NAME, Release
from vigil.domain.evidence import Finding
from vigil.domain.incident import Incident, Stage
from vigil.domain.lesson import Lesson
from vigil.domain.recurrence import Recurrence
from vigil.domain.runbook import Record
from vigil.story.parts import Parts
from vigil.story.progress import Progress
from vigil.story.recorded import RECURRENCE, Recorded
from vigil.story.telling import tell_recurrence

MOST = 20
"""The newest that were proven fixed; of more within the time all others have come back already."""
_NOT_PASSING = (Finding.SYMPTOM_FAILING, Finding.SYMPTOM_UNKNOWN, Finding.CONDITION_HOLDS)
"""What cannot be seen is not taken for healthy."""


@dataclass(frozen=True)
class _Former:
    """What was proven fixed, and may be back."""

    incident: Incident
    recorded: Recorded
    seen: tuple[str, ...]
    """What Vigil itself saw since then that speaks against it, as sentences."""

    def seconds_until(self, incident: Incident) -> float:
        """From its end; below 0 where the clock was set back in between."""
        ended = self.incident.closed_at or incident.opened_at
        return (incident.opened_at - ended).total_seconds()


async def came_back(
    parts: Parts, progress: Progress, investigation: Investigation
) -> Recurrence | None:
    """What this is a recurrence of; then that is told and counted.

    A source may say again what it still counts from before: while Vigil itself sees the symptom
    pass, that is no recurrence, unless it saw something else fail since then.
    """
    known = await progress.recorded.recurrence()
    if known is not None or progress.incident.stage is not Stage.HYPOTHESIS_RECEIVED:
        return known  # A former run has asked already, and may have gone on from here.
    former = await _former(parts, progress.incident)
    not_passing = any(each.finding in _NOT_PASSING for each in investigation.evidence)
    if former is None or not (former.seen or not_passing):
        return None
    return await progress.stage(
        Stage.HYPOTHESIS_RECEIVED,
        Recurrence,
        lambda: _counted(parts, progress.incident, former),
        tell_recurrence,
        RECURRENCE,
    )


async def _former(parts: Parts, incident: Incident) -> _Former | None:
    """The newest that was proven fixed within its time, was left as it was, and is not back as
    another one already.

    Of one service and symptom only one incident is open at a time. So whatever is closed is older
    than this one, whatever a clock says that was set in between.
    """
    service = parts.catalogue.services.get(incident.service)
    if service is None or not service.watch_after_s:
        return None
    since = incident.opened_at - 2 * timedelta(seconds=LONGEST_WATCH_S)
    place = (incident.service, incident.symptom)
    for each in await parts.journal.verified_since(since, MOST, place):
        recorded = Recorded(parts.journal, each.id, each.attempt)
        back = await recorded.recurrence_of_it()
        if back is not None and back.incident != incident.id:
            continue
        seen = tuple(text for k in await recorded.afterlooks() if k.back for text in k.seen)
        former = _Former(each, recorded, seen)
        within = abs(former.seconds_until(incident)) <= service.watch_after_s
        if seen or (within and await released_since(parts, each) is None):
            return former
    return None


async def released_since(parts: Parts, former: Incident) -> Release | None:
    """What somebody has put in the place of what was proven; what breaks then is another thing."""
    since = former.closed_at or former.opened_at
    found = await parts.senses.changes.releases(former.service, since)
    return next((each for each in found or () if each.by != OWN_NAME), None)


async def _counted(parts: Parts, incident: Incident, former: _Former) -> Recurrence:
    """The lesson, then the former incident; with the new one it is written when both are."""
    proven = former.incident
    lesson = await parts.memory.came_back(proven.id, proven.attempt, incident.id)
    plan = await former.recorded.plan()
    # The lesson outlives what is erased.
    runbook = plan.runbook if plan else lesson.runbook if lesson else None
    return await parts.journal.recur(
        Recurrence(
            incident=incident.id,
            former=proven.id,
            attempt=proven.attempt,
            at=parts.senses.clock.now(),
            after_s=max(former.seconds_until(incident), 0.0),
            runbook=runbook,
            record=await _record_since(parts, former, lesson) if lesson else None,
            seen=former.seen,
        )
    )


async def _record_since(parts: Parts, former: _Former, lesson: Lesson) -> Record | None:
    """The record here of the runbook that it was a success of before."""
    attempt = await former.recorded.from_ranking()
    matches = attempt.matches if attempt else ()
    match = next((m for m in matches if m.runbook.id == lesson.runbook), None)
    if match is None or match.runbook.digest != lesson.runbook_digest:
        return None
    return await parts.memory.record(match.runbook, lesson.service_kind)
