"""What the timeline says of each stage: one function for each kind of output."""

from pydantic import JsonValue

from vigil.close.learn import Learned, Moved
from vigil.decide.confidence import chance, confidence
from vigil.decide.synthesize import Synthesis
from vigil.decide.thought import said_of
from vigil.domain.afterlook import Afterlook
from vigil.domain.case import Investigation, Ranking, Recollection
from vigil.domain.foreseen import DryRun
from vigil.domain.lesson import Lesson
from vigil.domain.plan import Execution, Plan
from vigil.domain.proof import Proof
from vigil.domain.recurrence import Recurrence
from vigil.domain.runbook import Record
from vigil.domain.swarm import SwarmProgress, SwarmReport, SwarmSpec
from vigil.domain.verdict import Verdict
from vigil.ports.journal import Note
from vigil.verify.baseline import Baseline


def tell_investigation(investigation: Investigation) -> list[Note]:
    """One event for each piece of evidence."""
    return [
        Note(kind="evidence", payload=piece.model_dump(mode="json", exclude={"at"}))
        for piece in investigation.evidence
    ]


def tell_ranking(ranking: Ranking) -> list[Note]:
    """All competing hypotheses, likeliest first."""
    ranked: list[JsonValue] = [h.model_dump(mode="json") for h in ranking.hypotheses]
    return [Note(kind="hypotheses", payload={"ranked": ranked})]


def tell_recurrence(recurrence: Recurrence) -> list[Note]:
    """That it was thought to be over; the former incident's timeline tells it as well."""
    payload: dict[str, JsonValue] = {
        **recurrence.model_dump(mode="json"),
        "text": recurrence.told_of_the_new,
    }
    return [Note(kind="came_back", payload=payload)]


def tell_afterlook(look: Afterlook) -> list[Note]:
    """What a look at a proven cure saw, some time afterwards."""
    payload: dict[str, JsonValue] = {**look.model_dump(mode="json"), "text": look.text}
    return [Note(kind="looked_after", payload=payload)]


def tell_recollection(recollection: Recollection, likelihood: float) -> list[Note]:
    """The runbooks that were considered, and what happened before.

    Per runbook the numbers that its confidence is made of: ``proven_at_least`` is the lower bound
    of its record, and ``confidence`` that bound times the leading hypothesis's likelihood.
    """
    matches: list[JsonValue] = [
        {
            "id": match.runbook.id,
            "title": match.runbook.title,
            "path": match.runbook.path,
            "context_match": match.context_match,
            "reasons": list(match.reasons),
            "checks": [check.model_dump(mode="json") for check in match.checks],
            "record": match.record.model_dump(mode="json"),
            "proven_at_least": round(chance(match.record), 4),
            "confidence": confidence(likelihood, match.record),
        }
        for match in recollection.matches
    ]
    past: list[JsonValue] = [lesson.model_dump(mode="json") for lesson in recollection.past]
    payload: dict[str, JsonValue] = {"matches": matches, "likelihood": likelihood, "past": past}
    return [Note(kind="runbooks", payload=payload)]


def tell_synthesis(synthesis: Synthesis) -> list[Note]:
    """The five steps, also when they led to no plan: then they are what a person needs most."""
    reasons = [Note(kind="reasoned", payload=r.model_dump(mode="json")) for r in synthesis.reasons]
    told = [*tell_thought(synthesis), *reasons]
    return [*told, *tell_plan(synthesis.plan)] if synthesis.plan else told


def tell_thought(synthesis: Synthesis) -> list[Note]:
    """Who was asked for the plan and what it cost, or what was saved because nobody had to be."""
    text = said_of(synthesis)
    if text is None:
        return []
    author, unheard = synthesis.author, synthesis.unheard
    payload: dict[str, JsonValue] = {
        "text": text,
        "model": author.model if author else None,
        "prompt": author.prompt if author else None,
        "unheard": str(unheard) if unheard else None,
        "cost": synthesis.cost.model_dump(mode="json"),
        "saved": synthesis.saved.model_dump(mode="json"),
    }
    if synthesis.plan is None:
        # With a plan they are part of it.
        payload["alternatives"] = list(synthesis.alternatives)
        payload["would_change_mind"] = list(synthesis.would_change_mind)
    return [Note(kind="thought", payload=payload)]


def tell_plan(plan: Plan) -> list[Note]:
    """The plan, whole."""
    planned: dict[str, JsonValue] = {"digest": plan.digest, **plan.model_dump(mode="json")}
    return [Note(kind="planned", payload=planned)]


def tell_verdict(verdict: Verdict) -> list[Note]:
    """The gate's word and its rules."""
    # What is empty is left out: the same word of an older version must be found to be the same.
    return [Note(kind="judged", payload=verdict.model_dump(mode="json", exclude_defaults=True))]


def tell_dry_run(tried: DryRun) -> list[Note]:
    """What each call would do, as things stood before a person was asked."""
    foreseen: list[JsonValue] = [
        {**each.model_dump(mode="json"), "said": str(each)} for each in tried.foreseen
    ]
    payload: dict[str, JsonValue] = {"plan_digest": tried.plan_digest, "foreseen": foreseen}
    if tried.failed is not None:
        payload["failed"] = tried.failed
    return [Note(kind="dry_run", payload=payload)]


def tell_baseline(baseline: Baseline) -> list[Note]:
    """How everything looked before."""
    return [
        Note(
            kind="baseline",
            payload={str(r.ref): f"{r.outcome}: {r.text}" for r in baseline.results},
        )
    ]


def tell_glance(baseline: Baseline) -> list[Note]:
    """How everything looks while a person is asked: what they are told before they answer."""
    (note,) = tell_baseline(baseline)
    return [note.model_copy(update={"kind": "looked"})]


def tell_execution(execution: Execution) -> list[Note]:
    """One event for each action that was started."""
    notes = [
        Note(kind="executed", payload=result.model_dump(mode="json"))
        for result in execution.results
    ]
    if execution.refused:
        notes.append(Note(kind="not_executed", payload={"text": execution.refused}))
    return notes


def tell_sent(spec: SwarmSpec, journey: str) -> list[Note]:
    """A swarm is sent."""
    text = f"{spec.sessions} users, {spec.rate:g} a second, are sent through {journey}"
    payload: dict[str, JsonValue] = {
        "text": text,
        "journey": journey,
        "sessions": spec.sessions,
        "rate": spec.rate,
    }
    return [Note(kind="swarm_sent", payload=payload)]


def tell_swarm_so_far(now: SwarmProgress, sessions: int) -> Note:
    """How far it has come."""
    ended = f"{now.done} of {sessions} got through, {now.failed} failed, {now.lost} were lost"
    payload: dict[str, JsonValue] = {
        "text": f"{ended}, {now.open} are under way",
        **now.model_dump(mode="json"),
    }
    return Note(kind="swarm_so_far", payload=payload)


def tell_swarm(report: SwarmReport) -> list[Note]:
    """What became of it, whole."""
    ended = f"{report.done} of {report.spec.sessions} got through"
    why = f"; ended early: {report.stopped.text}" if report.stopped is not None else ""
    return [Note(kind="swarm", payload={"text": f"{ended}{why}", **report.model_dump(mode="json")})]


def tell_proof(proof: Proof) -> list[Note]:
    """What verification found; every single look is in the proof itself."""
    return [
        Note(
            kind="proof",
            payload={
                "outcome": proof.outcome,
                "text": proof.text,
                "window_s": proof.window_s,
                "grounds": [ground.model_dump(mode="json") for ground in proof.grounds],
            },
        )
    ]


def tell_lesson(learned: Learned) -> Note:
    """What was kept, and what it moved: the runbook's record here, and what it would give now.

    ``before`` and ``after`` hold ``trials`` and ``successes`` counted here, and the ``confidence``
    that this incident's evidence would give with them; both are null when no record moved.
    """
    moved = learned.moved
    payload: dict[str, JsonValue] = {
        "text": _moved_text(moved) if moved else _unmoved_text(learned.lesson),
        "lesson": learned.lesson.model_dump(mode="json"),
        "before": _standing(moved, moved.before) if moved else None,
        "after": _standing(moved, moved.after) if moved else None,
        "lab": moved.lab.model_dump(mode="json") if moved and moved.lab else None,
    }
    return Note(kind="learned", payload=payload)


def _standing(moved: Moved, here: Record) -> dict[str, JsonValue]:
    return {
        "trials": here.trials,
        "successes": here.successes,
        "confidence": confidence(moved.likelihood, here.with_lab(moved.lab)),
    }


def _unmoved_text(lesson: Lesson) -> str:
    if lesson.actions:
        return "The plan did not come to its end by itself, so no runbook's record moved."
    return "Nothing was tried, so no runbook's record moved."


def _moved_text(moved: Moved) -> str:
    was, is_now = (_standing(moved, here)["confidence"] for here in (moved.before, moved.after))
    lab = f", beside {moved.lab.successes} of {moved.lab.trials} in the lab" if moved.lab else ""
    return (
        f"Runbook {moved.match.runbook.id}: proven {moved.before.successes} of "
        f"{moved.before.trials} times here before, {moved.after.successes} of "
        f"{moved.after.trials} now{lab}. The same evidence would give confidence {is_now} next "
        f"time; it gave {was}."
    )
