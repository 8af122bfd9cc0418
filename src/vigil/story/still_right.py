"""Is a plan still right? The gate is asked for the first time, and again just before acting.

A plan may have waited for hours. What was allowed then may be frozen now, and what it would switch
away from may have been replaced by somebody's own repair.
"""

from dataclasses import dataclass
from datetime import timedelta

from vigil.close import escalate
from vigil.decide.gate import Facts, judge
from vigil.domain.case import Investigation
from vigil.domain.change import OWN_NAME, Release
from vigil.domain.ending import Ending
from vigil.domain.evidence import Finding
from vigil.domain.incident import Stage
from vigil.domain.plan import Plan, PlanKind
from vigil.domain.runbook import CheckExpectation
from vigil.domain.value import Instant
from vigil.domain.verdict import Decision, Verdict
from vigil.orient.diagnose import diagnose
from vigil.orient.investigators.releases import releases_of
from vigil.orient.scene import Scene
from vigil.story.gate_facts import facts_about
from vigil.story.parts import Parts
from vigil.story.progress import Progress
from vigil.story.reconfigured import reconfigured_meanwhile
from vigil.story.telling import tell_verdict

FRESH = timedelta(minutes=1)
"""A diagnosis that is younger is not made again."""


@dataclass(frozen=True)
class Judged:
    """A word of the gate, and what it was told."""

    verdict: Verdict
    facts: Facts


async def objection(
    parts: Parts, progress: Progress, plan: Plan, verdict: Verdict
) -> Ending | None:
    """Why a plan must not be begun any more, as the end that it brings; None: go on.

    A word of the gate that differs from the one before it is told; the first stays on record.
    """
    await _tell_if_new(parts, progress, verdict)
    if await _forbids(verdict, progress, plan):
        # Not back to waiting: what would be asked about now is no longer what was judged.
        return await refused(progress, plan, verdict)
    newer = await released_meanwhile(parts, progress, plan)
    if newer is not None:
        left = escalate.not_undone(newer)
        return await _not_begun(progress, escalate.overtaken(plan, newer), left)
    other = await reconfigured_meanwhile(parts, progress, plan)
    if other is not None:
        left = f"It was not undone: {other} meanwhile."
        return await _not_begun(progress, escalate.reconfigured(plan, other), left)
    anew = await restarted_meanwhile(parts, progress, plan)
    if anew is not None:
        return escalate.restarted(plan, *anew)
    return await _contradicted(parts, progress, plan)


async def word_against(parts: Parts, progress: Progress, plan: Plan) -> str | None:
    """Why no further action of a plan may be begun, as a sentence: the same, for one in the middle.

    What has to be true of the world before it is changed is not asked again, nor how much others
    have executed since this one was begun.
    """
    verdict = await judged_now(parts, progress, plan, under_way=True)
    if await _forbids(verdict, progress, plan):
        return f"The gate says no by now: {'; '.join(verdict.rules)}."
    newer = await released_meanwhile(parts, progress, plan)
    if newer is not None:
        return f"{newer.by or 'Somebody'} released {newer.release} meanwhile."
    other = await reconfigured_meanwhile(parts, progress, plan)
    return f"Since the plan was made, {other}." if other else None


async def _forbids(verdict: Verdict, progress: Progress, plan: Plan) -> bool:
    """A plan that nobody was asked about may not be begun either where one would be asked now."""
    if verdict.decision is Decision.ASK:
        return await progress.recorded.answer(plan.digest) is None
    return verdict.decision is Decision.DENY


async def _tell_if_new(parts: Parts, progress: Progress, verdict: Verdict) -> None:
    """Once for each change, however often the segment is started again."""
    (word,) = tell_verdict(verdict)
    last = await parts.journal.newest(progress.incident.id, word.kind)
    if last is None or last.payload != word.payload:
        await progress.append(word)


async def judged_now(
    parts: Parts, progress: Progress, plan: Plan, *, under_way: bool = False
) -> Verdict:
    """The gate's word on a plan by the policy and the facts of this moment."""
    return (await ask_the_gate(parts, progress, plan, under_way=under_way)).verdict


async def ask_the_gate(
    parts: Parts, progress: Progress, plan: Plan, *, under_way: bool = False
) -> Judged:
    """That word, with those facts."""
    facts = await facts_about(parts, progress, plan, under_way=under_way)
    return Judged(judge(plan, parts.policy, facts), facts)


async def refused(progress: Progress, plan: Plan, verdict: Verdict) -> Ending:
    """The gate's no."""
    return await _not_begun(progress, escalate.denied(plan, verdict), escalate.undo_denied(verdict))


async def released_meanwhile(parts: Parts, progress: Progress, plan: Plan) -> Release | None:
    """A release that came after what the plan was made from, and was not Vigil's own."""
    first = 1 if plan.kind is PlanKind.ROLLBACK else progress.attempt
    investigation = await progress.recorded.of(first).read(Stage.INVESTIGATING, Investigation)
    if investigation is None or not investigation.evidence:
        return None
    scene = Scene(progress.incident, parts.catalogue, parts.senses)
    looked = investigation.evidence[0].at
    releases = await releases_of(scene) or ()
    return next((r for r in releases if r.at > looked and r.by != OWN_NAME), None)


async def restarted_meanwhile(
    parts: Parts, progress: Progress, plan: Plan
) -> tuple[str, Instant] | None:
    """A process that the plan names and that was started after what the plan was made from.

    One that was down then comes and goes by itself, and what a plan undoes Vigil itself restarted.
    """
    if plan.kind is PlanKind.ROLLBACK:
        return None
    investigation = await progress.recorded.read(Stage.INVESTIGATING, Investigation)
    started = await parts.senses.telemetry.started(plan.service)
    if investigation is None or not investigation.evidence or started is None:
        return None
    down = {
        each.data.get("process")
        for each in investigation.evidence
        if each.finding is Finding.PROCESS_DOWN
    }
    looked = investigation.evidence[0].at
    named = {word for a in plan.actions for call in a.effects.calls for word in call.arguments}
    return next(
        (
            (instance, at)
            for instance, at in sorted(started.items())
            if instance in named and instance not in down and at > looked
        ),
        None,
    )


async def _not_begun(progress: Progress, ending: Ending, left: str) -> Ending:
    """How a plan ends that is left alone; to an undo that comes when something has been done.

    Then the end is that of what was done, and ``left`` says why it is still in place.
    """
    tried = await progress.recorded.tried_before()
    if tried is None:
        return ending
    return escalate.not_proven(tried.plan, tried.proof, tried.execution, left)


async def _contradicted(parts: Parts, progress: Progress, plan: Plan) -> Ending | None:
    """What must not be there may have come while the plan waited, such as a pause on purpose.

    What has to be there is not asked again: once the symptom is gone, the baseline shows it.
    """
    if plan.kind is PlanKind.ROLLBACK:
        return None
    briefing = await progress.recorded.briefing(progress.incident, parts.catalogue)
    match = briefing.match(plan.runbook)
    fresh = briefing.evidence[0].at + FRESH > parts.senses.clock.now()
    if match is None or fresh:
        return None
    scene = Scene(progress.incident, parts.catalogue, parts.senses)
    excluded = {c.id for c in match.runbook.checks if c.expect is CheckExpectation.ABSENT}
    results = (await diagnose((match.runbook,), scene))[match.runbook.id]
    against = tuple(r for r in results if r.check in excluded and r.passed is False)
    return escalate.contradicted(plan, against) if against else None
