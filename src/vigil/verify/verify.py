"""VERIFYING: only probes that failed before and go on passing now are a proof.

Exit code 0 is not "fixed". The proving probes come from the catalogue, are compared with the
baseline, must pass several times in a row over a stabilisation window, nothing that passed before
may fail, and the symptom's own condition may not hold. What cannot be seen never counts as healthy.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable

from vigil.domain.catalogue import Catalogue
from vigil.domain.plan import Execution, Plan
from vigil.domain.probe import ProbeOutcome, ProbeRef, ProbeResult
from vigil.domain.proof import Outcome, ProbeChange, Proof
from vigil.ports.clock import Clock
from vigil.ports.probes import Probes
from vigil.verify.baseline import Baseline, look

WINDOW_S = 10.0
INTERVAL_S = 2.0
PASSES = 6
"""Looks in a row: with the waits between them they last the window by a clock that cannot jump,
whatever the wall clock does meanwhile."""
PATIENCE_S = 60.0
"""How long a cure may take to show."""
WORSE = 4
"""A neighbour that passed before and now fails this often in a row has got worse; less than that
is the restart itself."""

NOT_STEADY = (
    f"Not every proving probe passed {PASSES} times in a row over {WINDOW_S:.0f} s within "
    f"{PATIENCE_S:.0f} s."
)
HELD = (
    "The proving probes pass, but the condition of the symptom still holds after "
    f"{PATIENCE_S:.0f} s: other requests go on failing."
)

Looks = dict[ProbeRef, list[ProbeResult]]


async def verify(  # noqa: PLR0913 - what was done, and every way to look at what it did
    plan: Plan,
    execution: Execution,
    baseline: Baseline,
    *,
    catalogue: Catalogue,
    probes: Probes,
    clock: Clock,
    condition_holds: Callable[[], Awaitable[bool | None]],
) -> Proof:
    """Look until it is proven, has got worse, or patience ends.

    ``condition_holds`` says whether the symptom's own condition is true now; None is "not known",
    and the probes alone decide. It is asked only when they are steady.
    """
    held = False
    looks: Looks = defaultdict(list)
    if not execution.results:
        text = execution.refused or "No action was started."
        return _proof(Outcome.NOT_EXECUTED, text, plan, baseline, looks, clock)
    if not plan.proving:
        text = "No probe of the catalogue maps to this symptom, so nothing can prove the cure."
        return _proof(Outcome.NOTHING_TO_CHECK, text, plan, baseline, looks, clock)
    started = clock.elapsed()
    while clock.elapsed() - started < PATIENCE_S:
        for result in (await look((*plan.proving, *plan.neighbours), catalogue, probes)).results:
            looks[result.ref].append(result)
        worse = _worse(plan.neighbours, baseline, looks)
        if worse is not None:
            text = f"{worse} passed before and does not now: {looks[worse][-1].text}"
            return _proof(Outcome.REGRESSED, text, plan, baseline, looks, clock)
        steady = _steady(plan, baseline, looks) and baseline.still_failing(plan.proving)
        held = steady and await condition_holds() is True
        if steady and not held:
            return _judged(plan, execution, baseline, looks, clock)
        await clock.sleep(INTERVAL_S)
    text = HELD if held else NOT_STEADY
    return _proof(Outcome.NOT_FIXED, text, plan, baseline, looks, clock)


def improved(proof: Proof) -> bool:
    """A proving probe that failed before passed at the last look: undoing might be worse."""
    return any(
        change.before is not None
        and change.before.outcome is ProbeOutcome.FAILING
        and change.after
        and change.after[-1].outcome is ProbeOutcome.PASSING
        for change in proof.probes
        if change.proves
    )


def _judged(
    plan: Plan, execution: Execution, baseline: Baseline, looks: Looks, clock: Clock
) -> Proof:
    """The symptom is gone; that is a proof of the plan only if the plan was run to its end."""
    if not execution.succeeded:
        text = "The symptom went away, but the plan was not run to its end; a person should look."
        return _proof(Outcome.NOT_FIXED, text, plan, baseline, looks, clock)
    window = min(_streak(looks[ref]) for ref in plan.proving)
    failed = sum(1 for ref in plan.proving if baseline.still_failing((ref,)))
    text = (
        f"{failed} of {len(plan.proving)} proving probes failed before; all passed over "
        f"{window:.0f} s, and no neighbour ({len(plan.neighbours)} probes) is worse."
    )
    return _proof(Outcome.VERIFIED, text, plan, baseline, looks, clock)


def _steady(plan: Plan, baseline: Baseline, looks: Looks) -> bool:
    """Proving probes steady over the window, and every neighbour that passed before passes."""
    proving = all(
        _streak(looks[ref]) >= WINDOW_S and _passes(looks[ref]) >= PASSES for ref in plan.proving
    )
    return proving and all(
        looks[ref][-1].outcome is ProbeOutcome.PASSING
        for ref in plan.neighbours
        if _passed_before(ref, baseline)
    )


def _passes(results: list[ProbeResult]) -> int:
    """How many of the newest looks pass in a row."""
    count = 0
    for result in reversed(results):
        if result.outcome is not ProbeOutcome.PASSING:
            break
        count += 1
    return count


def _streak(results: list[ProbeResult]) -> float:
    """Seconds from the first to the last of the newest passing looks."""
    count = _passes(results)
    return (results[-1].at - results[-count].at).total_seconds() if count else 0.0


def _worse(neighbours: tuple[ProbeRef, ...], baseline: Baseline, looks: Looks) -> ProbeRef | None:
    """The first neighbour that passed before and has not passed for several looks in a row."""
    for ref in neighbours:
        newest = looks[ref][-WORSE:]
        if (
            _passed_before(ref, baseline)
            and len(newest) == WORSE
            and all(r.outcome is not ProbeOutcome.PASSING for r in newest)
        ):
            return ref
    return None


def _passed_before(ref: ProbeRef, baseline: Baseline) -> bool:
    before = baseline.of(ref)
    return before is not None and before.outcome is ProbeOutcome.PASSING


def _proof(
    outcome: Outcome, text: str, plan: Plan, baseline: Baseline, looks: Looks, clock: Clock
) -> Proof:
    return Proof(
        outcome=outcome,
        text=text,
        probes=tuple(
            ProbeChange(
                ref=ref,
                proves=ref in plan.proving,
                before=baseline.of(ref),
                after=tuple(looks[ref]),
            )
            for ref in (*plan.proving, *plan.neighbours)
        ),
        window_s=min((_streak(looks[ref]) for ref in plan.proving), default=0.0),
        decided_at=clock.now(),
    )
