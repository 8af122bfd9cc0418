"""ESCALATED: a person is told what is known, what was tried and what to look at next."""

from collections.abc import Iterable
from datetime import timedelta

from vigil.close.in_place import in_place
from vigil.domain.case import Investigation, Ranking
from vigil.domain.change import Release
from vigil.domain.effects import Call
from vigil.domain.ending import Ending
from vigil.domain.evidence import Finding
from vigil.domain.plan import Action, ActionResult, Execution, Plan, Reason
from vigil.domain.probe import ProbeResult
from vigil.domain.proof import Outcome, Proof
from vigil.domain.recurrence import Recurrence
from vigil.domain.runbook import CheckResult
from vigil.domain.shown import shown
from vigil.domain.value import Instant
from vigil.domain.verdict import Approval, Decision, Verdict, readable_time


def nothing_to_check(
    investigation: Investigation, recurrence: Recurrence | None = None
) -> Ending | None:
    """The symptom cannot be seen from the user's side, so no cure could ever be proven."""
    if investigation.has(Finding.SYMPTOM_FAILING):
        return None
    if recurrence is not None and recurrence.seen:
        return _back_in_part(investigation, recurrence)
    passing = investigation.has(Finding.SYMPTOM_PASSING)
    if not passing or investigation.has(Finding.SYMPTOM_UNKNOWN):
        text = "No probe that maps to this alert gave an answer, so nobody can say how users fare."
    elif investigation.has(Finding.CONDITION_CLEAR):
        text = (
            "The probes that map to this alert pass and its condition is clear, but something else "
            "is not as it should be, so this is neither a false alarm nor something that could be "
            "proven fixed."
        )
    else:
        text = (
            "The probes that map to this alert pass, but its own condition is not known to be "
            "clear, so this is neither a false alarm nor something that could be proven fixed."
        )
    return Ending(
        resolved=False,
        outcome=Outcome.NOTHING_TO_CHECK,
        text=text,
        look_next=(
            "Map this alert to a probe and a condition in the catalogue (services, symptoms).",
            *_worth_a_look(investigation),
        ),
    )


def _back_in_part(investigation: Investigation, recurrence: Recurrence) -> Ending:
    return Ending(
        resolved=False,
        outcome=Outcome.NOTHING_TO_CHECK,
        text=f"What incident {recurrence.former} was proven to have cured is back in part: "
        f"{' '.join(recurrence.seen)} What is looked at all the time does not fail, so no cure "
        "could be proven now.",
        look_next=(*recurrence.seen, *_worth_a_look(investigation)),
    )


def no_plan(reasons: tuple[Reason, ...], ranking: Ranking, investigation: Investigation) -> Ending:
    """Nobody knows a cure for the leading hypothesis."""
    top = ranking.top
    why = reasons[-1].text if reasons else "No runbook fits."
    return Ending(
        resolved=False,
        outcome=Outcome.NOT_EXECUTED,
        text=f"{top.text} (likelihood {top.likelihood:.0%}) There is no plan: {why}",
        look_next=_worth_a_look(investigation),
    )


def denied(plan: Plan, verdict: Verdict) -> Ending:
    """The gate said no.

    Where nothing but grants is missing, the plan is a recommendation to whoever may do it.
    """
    missing = verdict.missing_grants
    noes = {rule for rule in verdict.rules if rule.startswith(f"{Decision.DENY}: ")}
    only_recommended = bool(missing) and noes == {f"{Decision.DENY}: {each}" for each in missing}
    effects = " ".join(_effects(action) for action in plan.actions)
    said = f"{plan.summary} {effects} The gate said no: {'; '.join(verdict.rules)}."
    begins = (
        "Nothing was done. Vigil recommends this plan, and may not carry it out itself: "
        if only_recommended
        else "Nothing was done. The plan would have been: "
    )
    by_hand = "Recommended, for a person to do: " if only_recommended else ""
    return Ending(
        resolved=False,
        outcome=Outcome.NOT_EXECUTED,
        text=begins + said,
        look_next=(
            *_by_name(plan, by_hand),
            *(
                f"To let Vigil do this, add a grant '{grant}' with the verb {verb} to "
                f"{plan.service} in vigil.yaml."
                for grant, verb in dict.fromkeys((each.grant, each.verb) for each in missing)
            ),
        ),
    )


def _by_name(plan: Plan, by_hand: str) -> Iterable[str]:
    """What its steps are called. A model calls things as it likes: what it calls a step is no
    advice, and not told at all where the plan is not recommended.
    """
    if plan.author is None:
        return [f"{by_hand}{action.title}" for action in plan.actions]
    return [
        f"{by_hand}{action.title}: {'; '.join(map(_written, action.effects.calls))}"
        for action in plan.actions
        if by_hand
    ]


def _written(call: Call) -> str:
    return " ".join((call.verb, call.grant, *call.arguments))


def _effects(action: Action) -> str:
    """What an action would do, on what, and whether it can be undone."""
    touched = ", ".join(sorted(action.effects.resources)) or "nothing"
    undo = "It can be undone." if action.undo else f"It has no undo: {action.no_undo}."
    return f"{action.id} is {action.effects.kind} and touches {touched}. {undo}"


def rejected(approval: Approval) -> Ending:
    """A person said no."""
    return Ending(
        resolved=False,
        outcome=Outcome.NOT_EXECUTED,
        text=f"Nothing was done: {approval.by} said no.",
    )


def expired(plan: Plan, owner: str, waited: timedelta) -> Ending:
    """Nobody said anything."""
    hours, minutes = divmod(round(waited.total_seconds() / 60), 60)
    asked = owner or "anybody with access"
    return _not_begun(
        plan,
        f": the plan waited {hours} h {minutes} min in the console for an answer of {asked}, and "
        "nobody gave one; no answer means no.",
        *(f"Not done, and perhaps still worth doing: {action.title}" for action in plan.actions),
        "To have plans wait longer, raise approval_expires_after_s in policy.yaml.",
    )


def withdrawn(plan: Plan) -> Ending:
    """The symptom went away before anybody answered; somebody may have repaired it."""
    return _not_begun(
        plan,
        ": while the plan waited for an answer, its symptom went away and stayed away.",
        _COMES_AND_GOES,
    )


def gone(plan: Plan) -> Ending:
    """The symptom was gone when the plan was about to be begun; somebody may be working on it."""
    return _not_begun(
        plan, ": just before acting the symptom was no longer there.", _COMES_AND_GOES
    )


def unprovable(plan: Plan, unseen: tuple[ProbeResult, ...]) -> Ending:
    """A probe that would have to prove the cure could not look."""
    blind = "; ".join(f"{look.ref}: {look.text}" for look in unseen)
    return _not_begun(
        plan,
        f", because nothing could have proven it: {blind}",
        "See `vigil doctor` for why the probe cannot look.",
    )


def contradicted(plan: Plan, against: tuple[CheckResult, ...]) -> Ending:
    """While the plan waited, something came that speaks against it."""
    said = "; ".join(f"{check.check}: {check.text}" for check in against)
    return _not_begun(
        plan,
        f": since the plan was made, its runbook does not fit any more: {said}",
        *(check.text for check in against),
    )


def overtaken(plan: Plan, newer: Release) -> Ending:
    """Somebody released while the plan waited: switching now would undo their work."""
    return _not_begun(
        plan,
        f": {newer.by or 'somebody'} released {newer.release} after this plan was made.",
        f"See whether {newer.release} is the repair, and whether it holds.",
    )


def restarted(plan: Plan, instance: str, at: Instant) -> Ending:
    """Somebody restarted what the plan was to act on: it was made for a process that is gone."""
    return _not_begun(
        plan,
        f": {instance} was started anew at {readable_time(at)}, after this plan was made.",
        f"See who restarted {instance}, and whether that was the repair.",
    )


def reconfigured(plan: Plan, other: str) -> Ending:
    """Somebody changed how the service is set up while the plan waited."""
    return _not_begun(
        plan,
        f": after this plan was made, {other}.",
        "See who changed the configuration, and whether that was the repair.",
    )


def worse_meanwhile(plan: Plan, what: str) -> Ending:
    """Something else broke while the plan waited for a person, who was shown another world."""
    return _not_begun(
        plan,
        f": while the plan waited, something got worse without it: {what}",
        "See what else happened there; the plan was made for another state of things.",
    )


def crowded_out(plan: Plan) -> Ending:
    """Others were begun again and again while it was judged, and the policy counts them."""
    return _not_begun(
        plan,
        ": whenever it was about to be begun, so many others had been that another rule of the "
        "policy was to decide.",
        *(f"Not done, and perhaps still worth doing: {action.title}" for action in plan.actions),
        "See what keeps so many incidents coming.",
    )


_COMES_AND_GOES = "See whether somebody repaired it, or whether it comes and goes."


def _not_begun(plan: Plan, why: str, *look_next: str) -> Ending:
    """A plan that was good once and is left alone now."""
    return Ending(
        resolved=False,
        outcome=Outcome.NOT_EXECUTED,
        text=f"Nothing was done{why} The plan would have been: {plan.summary}",
        look_next=look_next,
    )


def not_undone(newer: Release) -> str:
    """Why the undo of what was done was left out."""
    return (
        f"It was not undone: {newer.by or 'somebody'} released {newer.release} meanwhile, and the "
        "undo would have replaced that."
    )


def undo_denied(verdict: Verdict) -> str:
    """Why what was done is still in place: its undo may not run."""
    return f"It is still in place: the gate said no to its undo: {'; '.join(verdict.rules)}."


def left_in_place(execution: Execution, undo: Plan | None) -> str:
    """Why what was done, if anything, is left without an undo."""
    if undo is not None:
        return "It was left as it is, because undoing it might make things worse."
    if execution.results:
        return "What was done has no undo."
    return "Nothing was started, so there is nothing to undo."


def undone(plan: Plan, undoing: Execution, proof: Proof) -> str:
    """How much of a plan its undo took back, and whether everything is as it was before."""
    if not undoing.succeeded:
        return (
            f"THE UNDO FAILED: it did not run to its end. {proof.text} What is in place now is "
            "told below."
        )
    kept = [action.title for action in plan.actions if action.undo is None]
    took = (
        f"Every step that has an undo was undone; these have none: {'; '.join(kept)}."
        if kept
        else "What was done has been undone."
    )
    if proof.outcome is Outcome.VERIFIED:
        return f"{took} {proof.text}"
    return f"{took} THE UNDO DID NOT BRING BACK WHAT WAS THERE BEFORE. {proof.text}"


def not_proven(
    plan: Plan,
    proof: Proof,
    execution: Execution,
    undone: str,
    undoing: Execution | None = None,
) -> Ending:
    """The plan was run, and its proof failed; after an undo that failed, with what is in place."""
    results = [*execution.results, *(undoing.results if undoing else ())]
    broken = undoing is not None and not undoing.succeeded
    state = in_place(plan, execution, undoing) if broken else ()
    return Ending(
        resolved=False,
        outcome=proof.outcome,
        text=f"{plan.summary} This is not proven: {proof.text} {undone}",
        look_next=(*state, *(f"{r.action} {r.status}: {_last_line(r)}" for r in results)),
    )


def gave_up(error: str, *, started: bool) -> Ending:
    """Vigil itself failed, before it did anything or when actions may have been started."""
    text = f"Vigil could not go on: {error}"
    return Ending(
        resolved=False,
        outcome=Outcome.NOT_FIXED if started else Outcome.NOT_EXECUTED,
        text=f"{text}. Actions may have been started and may be in place." if started else text,
        look_next=("See the timeline for what was done, and `vigil doctor` for what is broken.",),
    )


def _last_line(result: ActionResult) -> str:
    lines = shown(result).output.strip().splitlines()
    return lines[-1] if lines else "no output"


def _worth_a_look(investigation: Investigation) -> tuple[str, ...]:
    """Evidence that something is not as it should be, in the investigators' words."""
    dull: Iterable[Finding] = {
        Finding.SYMPTOM_PASSING,
        Finding.CONDITION_CLEAR,
        Finding.DEPENDENCIES_PASSING,
        Finding.PROCESSES_UP,
        Finding.NO_RELEASE_RECENT,
        Finding.PROGRESS,
        Finding.NO_SESSION_BLOCKS,
    }
    return tuple(e.text for e in investigation.evidence if e.finding not in dull)[:8]
