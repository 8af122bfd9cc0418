"""How an incident ends that somebody settled: who answered, who took it in hand, or the clock.

What they may decide, and which of them wins, is in ``decisions.py`` and the journal's.
"""

from datetime import timedelta

from vigil.close import called_off, escalate
from vigil.domain.ending import Ending
from vigil.domain.errors import VigilError
from vigil.domain.plan import Plan
from vigil.domain.value import Instant
from vigil.domain.verdict import Answer, Approval, Cancellation
from vigil.story import still_right
from vigil.story.parts import Parts
from vigil.story.progress import Progress


async def ending(parts: Parts, progress: Progress) -> Ending:
    """By what is on record of it; VigilError when nobody decided anything."""
    cancelled = await progress.recorded.cancellation()
    if cancelled is not None:
        return await _cancelled(progress, cancelled)
    incident = progress.incident
    plan = await progress.recorded.plan()
    answer = await progress.recorded.answer(incident.plan_digest or "")
    if plan is None or answer is None or answer.answer is Answer.APPROVED:
        raise VigilError(f"incident {incident.id} ends without an ending, and nobody said no")
    match answer.answer:
        case Answer.WITHDRAWN:
            newer = await still_right.released_meanwhile(parts, progress, plan)
            return escalate.overtaken(plan, newer) if newer else escalate.withdrawn(plan)
        case Answer.EXPIRED:
            return await _expired(parts, progress, plan, answer)
        case _:
            return escalate.rejected(answer)


async def _cancelled(progress: Progress, cancelled: Cancellation) -> Ending:
    """Where an undo was about to be judged, the end is that of what it would have undone."""
    tried = await progress.recorded.tried_before()
    if tried is None:
        return called_off.before_acting(cancelled, await progress.recorded.plan())
    return called_off.after_acting(cancelled, tried.plan, tried.execution, tried.proof)


async def _expired(parts: Parts, progress: Progress, plan: Plan, answer: Approval) -> Ending:
    service = parts.catalogue.services[progress.incident.service]
    asked_at = await _asked_at(parts, progress)
    waited = answer.at - asked_at if asked_at else timedelta(0)
    return escalate.expired(plan, service.owner or service.team, waited)


async def _asked_at(parts: Parts, progress: Progress) -> Instant | None:
    """When the plan began to wait; an event keeps its time also when its payload was erased."""
    waiting = await parts.journal.newest(progress.incident.id, "waiting")
    return waiting.at if waiting else None
