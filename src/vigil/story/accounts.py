"""What is on record of an attempt, made into the account of it that people are shown."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from vigil.close.in_place import in_place
from vigil.domain.account import (
    MOST_LEFT,
    MOST_LOOKS,
    MOST_LOST,
    Account,
    Became,
    CriterionShown,
    Looks,
    ProbeShown,
    became,
)
from vigil.domain.incident import Incident
from vigil.domain.plan import Execution, Plan, PlanKind, Role
from vigil.domain.probe import ProbeOutcome, ProbeResult
from vigil.domain.proof import CLAIMS, Ground, Outcome, Proof
from vigil.domain.swarm import SwarmReport
from vigil.story.recorded import Recorded
from vigil.verify.baseline import Baseline
from vigil.verify.improved import improved

REMEDIES: Mapping[Outcome, str] = MappingProxyType(
    {
        Outcome.VERIFIED: "Fixed, and proven: what failed before passes, and goes on passing.",
        Outcome.NOT_FIXED: "Not proven to be fixed.",
        Outcome.REGRESSED: "Something got worse, or is gone.",
        Outcome.NOT_EXECUTED: "Nothing was begun, so there is nothing to prove.",
        Outcome.FALSE_ALARM: "Nothing was wrong.",
        Outcome.NOTHING_TO_CHECK: "Nobody can say: no probe maps to this symptom.",
    }
)
IMPROVED = "Better than before, but not proven to be fixed."
UNDONE = "The undo is proven: everything is as it was before the remedy."
UNDO_CUT = "THE UNDO FAILED: it did not run to its end."
NOT_BACK = "THE UNDO DID NOT BRING BACK WHAT WAS THERE BEFORE."
NOT_UNDONE = "THE UNDO WAS NOT CARRIED OUT: what was done is in place."
NOT_YET = "Not carried out yet: this is what would prove it, and how it looked last."
UNDER_WAY = "Begun, and not proven yet."

_ORDER = (*Became,)
_ROLES = (*Role,)


async def account_of(recorded: Recorded, incident: Incident) -> Account | None:
    """The account of one attempt; None before it has a plan."""
    plan = await recorded.plan()
    if plan is None:
        return None
    execution, proof = await recorded.execution(), await recorded.proof()
    last = incident.closed_at is not None and incident.attempt == recorded.attempt
    undo = plan.kind is PlanKind.ROLLBACK
    left = await _left(recorded, plan, execution) if last and not _is_proven(proof) else ()
    before = await _before(recorded, plan)
    grounds = proof.grounds if proof else ()
    usual = before.usual if before and not undo else None
    return Account(
        attempt=recorded.attempt,
        kind=plan.kind,
        outcome=proof.outcome if proof else None,
        sentence=_sentence(plan, execution, proof, ended=last),
        text=proof.text if proof else plan.summary,
        criteria=tuple(map(_criterion, grounds)),
        bad_before=proof.bad_before if proof else None,
        bad_after=proof.bad_after if proof else None,
        bad_usual=usual.bad.median if usual else None,
        window_s=proof.window_s if proof else 0.0,
        counted=proof.counted if proof else (),
        lost=proof.lost[:MOST_LOST] if proof else (),
        swarm=_of_swarm(proof.swarm) if proof and proof.swarm else None,
        probes=tuple(sorted(_probes(plan, proof, before), key=_place)),
        in_place=left,
        undo_failed=undo and last and not _is_proven(proof),
    )


def _is_proven(proof: Proof | None) -> bool:
    return proof is not None and proof.outcome is Outcome.VERIFIED


async def _before(recorded: Recorded, plan: Plan) -> Baseline | None:
    """How everything looked before anything was done, as far as it went on record."""
    if plan.kind is PlanKind.ROLLBACK:
        return await recorded.before_the_remedy()
    return await recorded.baseline() or await recorded.when_asked()


async def _left(recorded: Recorded, plan: Plan, execution: Execution | None) -> tuple[str, ...]:
    """What is in place at the end; of an undo, what it should have undone."""
    if plan.kind is not PlanKind.ROLLBACK:
        return tuple(in_place(plan, execution))[:MOST_LEFT] if execution else ()
    tried = await recorded.tried_before()
    if tried is None:
        return ()
    return tuple(in_place(tried.plan, tried.execution, execution))[:MOST_LEFT]


def _sentence(plan: Plan, execution: Execution | None, proof: Proof | None, *, ended: bool) -> str:
    undo = plan.kind is PlanKind.ROLLBACK
    begun = execution is not None and bool(execution.results)
    if proof is None:
        if ended:
            return NOT_UNDONE if undo else REMEDIES[Outcome.NOT_EXECUTED]
        return UNDER_WAY if begun else NOT_YET
    if undo:
        return " ".join((_of_undo(execution, proof), *_unmet(proof.grounds)))
    better = proof.outcome is Outcome.NOT_FIXED and improved(proof)
    word = IMPROVED if better else REMEDIES[proof.outcome]
    return " ".join((word, *_tally(proof.grounds)))


def _of_undo(execution: Execution | None, proof: Proof) -> str:
    if _is_proven(proof):
        return UNDONE
    if execution is None or not execution.results:
        return NOT_UNDONE
    return NOT_BACK if execution.succeeded else UNDO_CUT


def _tally(grounds: Sequence[Ground]) -> Iterator[str]:
    """How many criteria held, and which did not."""
    if grounds:
        held = sum(ground.met is True for ground in grounds)
        yield f"{held} of {len(grounds)} criteria held."
        yield from _unmet(grounds)


def _unmet(grounds: Sequence[Ground]) -> Iterator[str]:
    for word, met in (("Did not hold", False), ("Not known", None)):
        names = [str(ground.criterion) for ground in grounds if ground.met is met]
        if names:
            yield f"{word}: {', '.join(names)}."


def _of_swarm(report: SwarmReport) -> str:
    """Where its users waited longest, and what it took."""
    said = (
        f"The swarm took {report.seconds:.0f} s, with {report.open_at_once} users at once at most, "
        f"and {report.browsers_mb:,.0f} MB of browsers."
    )
    walked = [step for step in report.steps if step.spread.count]
    if walked:
        slowest = max(walked, key=lambda step: step.spread.p95)
        p50, p95 = slowest.spread.p50, slowest.spread.p95
        said += (
            f" They waited longest at step {slowest.number}, {slowest.text} (p50 {p50:.2f} s, "
            f"p95 {p95:.2f} s)."
        )
    return said


def _criterion(ground: Ground) -> CriterionShown:
    return CriterionShown(
        criterion=ground.criterion,
        claim=CLAIMS[ground.criterion],
        met=ground.met,
        text=ground.text,
    )


def _probes(plan: Plan, proof: Proof | None, before: Baseline | None) -> Iterator[ProbeShown]:
    """Each probe of the plan; a proof of an older version may have less to say of it."""
    chosen = {each.ref: each for each in plan.chosen}
    seen = {change.ref: change for change in proof.probes} if proof else {}
    for ref in dict.fromkeys((*plan.proving, *plan.neighbours, *seen)):
        change = seen.get(ref)
        looked = before.looks_at(ref) if before else ()
        if not looked and change is not None and change.before is not None:
            looked = (change.before, *change.again)
        since = change.after if change else ()
        proves = ref in plan.proving or (change is not None and change.proves)
        old = Role.SYMPTOM if proves else Role.NEIGHBOUR
        yield ProbeShown(
            ref=ref,
            role=chosen[ref].role if ref in chosen else old,
            why=chosen[ref].why if ref in chosen else "",
            before=_looks(looked, told=_worst(looked)),
            after=_looks(since, told=since[-1] if since else None),
            became=became(
                [look.outcome for look in looked],
                [look.outcome for look in since],
                undo=plan.kind is PlanKind.ROLLBACK,
            ),
        )


def _worst(looks: Sequence[ProbeResult]) -> ProbeResult | None:
    """The newest that failed; where none did, the newest."""
    failed = (look for look in reversed(looks) if look.outcome is ProbeOutcome.FAILING)
    return next(failed, looks[-1] if looks else None)


def _looks(looks: Sequence[ProbeResult], told: ProbeResult | None) -> Looks:
    pictures = [look.screenshot for look in looks if look.screenshot is not None]
    return Looks(
        outcomes=tuple(look.outcome for look in looks[-MOST_LOOKS:]),
        looks=len(looks),
        text=told.text if told else None,
        screenshot=pictures[-1] if pictures else None,
    )


def _place(probe: ProbeShown) -> tuple[bool, int, int]:
    """What is not well stands first, then what shows the symptom, the cause, and so on."""
    ill = probe.became in (Became.WORSE, Became.FAILING, Became.UNKNOWN)
    return (not ill, _ROLES.index(Role(probe.role)), _ORDER.index(Became(probe.became)))
