"""What the gate is told of this moment: of the record, the catalogue, the switch and silences."""

from dataclasses import replace
from datetime import timedelta

from vigil.decide.breakers import looks_back
from vigil.decide.confidence import confidence
from vigil.decide.facts import HOUR, Facts
from vigil.domain.cost import Spent
from vigil.domain.executed import Executed
from vigil.domain.in_hand import in_hand
from vigil.domain.plan import Plan, PlanKind
from vigil.domain.silence import Silence
from vigil.domain.verdict import readable_time
from vigil.guard import breaches_in
from vigil.story.parts import Parts
from vigil.story.progress import Progress

DAY = timedelta(days=1)
MOST_BROKEN = 20
"""So many sentences at most about scripts of free form."""


async def facts_about(
    parts: Parts, progress: Progress, plan: Plan, *, under_way: bool = False
) -> Facts:
    """Everything that a plan is judged by besides itself and the policy.

    Of one in the middle nobody asks what others execute, spend or silence meanwhile, so that cannot
    stop it: half a plan serves nobody, and whoever wants it stopped has the stop switch. Nor is it
    asked for an undo.
    """
    if plan.kind is PlanKind.ROLLBACK:
        return await _of_rollback(parts, progress, plan)
    facts = await _of_remedy(parts, progress, plan)
    return facts if under_way else await _with_others(parts, progress, facts)


async def _of_remedy(parts: Parts, progress: Progress, plan: Plan) -> Facts:
    briefing = await progress.recorded.briefing(progress.incident, parts.catalogue)
    match = briefing.match(plan.runbook)
    likelihood = briefing.hypotheses[0].likelihood
    return replace(
        _of_anything(parts, progress, plan),
        confidence=confidence(likelihood, match.record) if match else 0,
        match=match,
        recurrence=await progress.recorded.recurrence(),
    )


async def _with_others(parts: Parts, progress: Progress, facts: Facts) -> Facts:
    now = parts.senses.clock.now()
    return replace(
        facts,
        # Of other incidents: a plan that was begun does not stop itself.
        executed_last_hour=await parts.journal.executions_since(now - HOUR, progress.incident.id),
        quiet=await _quiet(parts, progress),
        executed=await _executed_lately(parts, progress),
        spent=await _spent_lately(parts),
    )


async def _quiet(parts: Parts, progress: Progress) -> tuple[str, ...]:
    """Everything that somebody has said or done against acting there now."""
    incident, now = progress.incident, parts.senses.clock.now()
    texts: list[str] = []
    for source in parts.silences:
        found = await source.over(incident.service, incident.symptom, now)
        if found is None:
            texts.append(f"nobody knows whether {incident.service} is silenced: no answer")
        texts += [_said(silence, incident.service) for silence in found or ()]
    texts += in_hand(await parts.journal.events(incident.id))
    return tuple(texts)


def _said(silence: Silence, service: str) -> str:
    needed = "" if silence.service == service else f", which {service} depends on,"
    by = f" by {silence.by}" if silence.by else ""
    until = f" until {readable_time(silence.until)}" if silence.until else ""
    return f"{silence.service}{needed} is silenced{by}{until}: {silence.because}"


async def _of_rollback(parts: Parts, progress: Progress, plan: Plan) -> Facts:
    tried = await progress.recorded.tried_before()
    facts = _of_anything(parts, progress, plan)
    return replace(facts, undoes=tried.plan if tried else None)


def _of_anything(parts: Parts, progress: Progress, plan: Plan) -> Facts:
    return Facts(
        service=parts.catalogue.services[progress.incident.service],
        confidence=0,
        match=None,
        stopped=parts.switch.read().stopped,
        executed_last_hour=0,
        environment=parts.catalogue.environment,
        at=parts.senses.clock.now(),
        ground=parts.ground,
        broken=_broken(parts, plan),
    )


def _broken(parts: Parts, plan: Plan) -> tuple[str, ...] | None:
    """What scripts of free form would do that no person can allow; others are read elsewhere."""
    tools = parts.tools
    if tools is None:
        return None
    return tuple(
        dict.fromkeys(
            f"{action.id} breaks '{breach.invariant}': {breach.finding.reason}"
            for action in plan.actions
            if action.raw
            for script in (action.script, action.undo or "")
            for breach in breaches_in(script, tools)
        )
    )[:MOST_BROKEN]


async def _executed_lately(parts: Parts, progress: Progress) -> tuple[Executed, ...]:
    """What the rules of the policy and their breakers are about; without rules nobody asks."""
    if parts.policy.rules is None:
        return ()
    since = parts.senses.clock.now() - looks_back(parts.policy)
    return await parts.journal.executed_since(since, besides=progress.incident.id)


async def _spent_lately(parts: Parts) -> tuple[Spent, ...]:
    """What the budget is about; without one nobody asks."""
    if parts.policy.budget is None:
        return ()
    return await parts.journal.spent_since(parts.senses.clock.now() - DAY)
