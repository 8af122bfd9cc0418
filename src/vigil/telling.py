"""What the timeline says of each stage: one function for each kind of output."""

from pydantic import JsonValue

from vigil.decide.synthesize import Synthesis
from vigil.domain.case import Investigation, Ranking, Recollection
from vigil.domain.plan import Execution, Plan
from vigil.domain.proof import Proof
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


def tell_recollection(recollection: Recollection) -> list[Note]:
    """The runbooks that were considered, with their matches and checks."""
    matches: list[JsonValue] = [
        {
            "id": match.runbook.id,
            "title": match.runbook.title,
            "path": match.runbook.path,
            "context_match": match.context_match,
            "reasons": list(match.reasons),
            "checks": [check.model_dump(mode="json") for check in match.checks],
            "record": match.record.model_dump(mode="json"),
        }
        for match in recollection.matches
    ]
    return [Note(kind="runbooks", payload={"matches": matches})]


def tell_synthesis(synthesis: Synthesis) -> list[Note]:
    """The five steps, also when they led to no plan: then they are what a person needs most."""
    reasons = [Note(kind="reasoned", payload=r.model_dump(mode="json")) for r in synthesis.reasons]
    return [*reasons, *tell_plan(synthesis.plan)] if synthesis.plan else reasons


def tell_plan(plan: Plan) -> list[Note]:
    """The plan, whole."""
    planned: dict[str, JsonValue] = {"digest": plan.digest, **plan.model_dump(mode="json")}
    return [Note(kind="planned", payload=planned)]


def tell_verdict(verdict: Verdict) -> list[Note]:
    """The gate's word and its rules."""
    return [Note(kind="judged", payload=verdict.model_dump(mode="json"))]


def tell_baseline(baseline: Baseline) -> list[Note]:
    """How everything looked before."""
    return [
        Note(
            kind="baseline",
            payload={str(r.ref): f"{r.outcome}: {r.text}" for r in baseline.results},
        )
    ]


def tell_execution(execution: Execution) -> list[Note]:
    """One event for each action that was started."""
    notes = [
        Note(kind="executed", payload=result.model_dump(mode="json"))
        for result in execution.results
    ]
    if execution.refused:
        notes.append(Note(kind="not_executed", payload={"text": execution.refused}))
    return notes


def tell_proof(proof: Proof) -> list[Note]:
    """What verification found; every single look is in the proof itself."""
    return [
        Note(
            kind="proof",
            payload={"outcome": proof.outcome, "text": proof.text, "window_s": proof.window_s},
        )
    ]
