"""VERIFYING: only probes that failed before and go on passing now are a proof.

Exit code 0 is not "fixed". The proving probes come from the catalogue, are compared with the
baseline, must pass several times in a row over a stabilisation window, nothing that passed before
may fail, and the symptom's own condition may not hold. Then the journeys among them are walked, as
a user would, and have to end well too. What cannot be seen never counts as healthy.
"""

import asyncio
from collections.abc import Awaitable, Callable

from vigil.domain.catalogue import Catalogue
from vigil.domain.plan import Execution, Plan
from vigil.domain.probe import ProbeOutcome
from vigil.domain.proof import Outcome, Proof
from vigil.ports.clock import Clock
from vigil.ports.probes import Probes
from vigil.verify.baseline import Baseline, journeys, look
from vigil.verify.looks import PASSES, WALKS, WINDOW_S, Looks

INTERVAL_S = 2.0
PATIENCE_S = 90.0
"""How long a cure may take to show."""

NOT_STEADY = (
    f"Not every proving probe passed {PASSES} times in a row over {WINDOW_S:.0f} s within "
    f"{PATIENCE_S:.0f} s."
)
HELD = (
    "The proving probes pass, but the condition of the symptom still holds after "
    f"{PATIENCE_S:.0f} s: other requests go on failing."
)


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
    and the probes alone decide. It is asked only when they are steady. Journeys are long, so they
    are walked last, one walk at a time, and everything else is looked at again after each.
    """

    def proof(outcome: Outcome, text: str) -> Proof:
        return Proof(
            outcome=outcome,
            text=text,
            probes=looks.changes(),
            window_s=looks.window_s,
            interrupted=execution.interrupted,
            decided_at=clock.now(),
        )

    walked = journeys(plan, catalogue)
    quick = tuple(ref for ref in (*plan.proving, *plan.neighbours) if ref not in walked)
    looks = Looks(plan, baseline, walked)
    if not execution.results:
        return proof(Outcome.NOT_EXECUTED, execution.refused or "No action was started.")
    if not plan.proving:
        text = "No probe of the catalogue maps to this symptom, so nothing can prove the cure."
        return proof(Outcome.NOTHING_TO_CHECK, text)
    held = False
    started = clock.elapsed()
    while clock.elapsed() - started < PATIENCE_S:
        looks.add(await look(quick, catalogue, probes), clock.elapsed())
        if looks.worse is not None:
            text = f"{looks.worse} passed before and does not now: {looks.last(looks.worse).text}"
            return proof(Outcome.REGRESSED, text)
        steady = looks.steady and baseline.still_failing(plan.proving)
        held = steady and await condition_holds() is True
        if steady and not held and looks.walked_well:
            return proof(*_judged(plan, execution, baseline, looks))
        ready = steady and not held and looks.may_walk
        walks = look(walked if ready else (), catalogue, probes)
        row, _ = await asyncio.gather(walks, clock.sleep(INTERVAL_S))
        looks.add(row, clock.elapsed())
    return proof(Outcome.NOT_FIXED, _cut_short(execution) + (HELD if held else _missing(looks)))


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
    plan: Plan, execution: Execution, baseline: Baseline, looks: Looks
) -> tuple[Outcome, str]:
    """The symptom is gone; that is a proof of the plan only if the plan was run to its end."""
    if not execution.succeeded:
        text = "The symptom went away, but the plan was not run to its end; a person should look."
        return Outcome.NOT_FIXED, text
    failed = sum(1 for ref in plan.proving if baseline.still_failing((ref,)))
    text = (
        f"{failed} of {len(plan.proving)} proving probes failed before; all passed over "
        f"{looks.window_s:.0f} s, and no neighbour ({len(plan.neighbours)} probes) is worse."
    )
    return Outcome.VERIFIED, text


def _cut_short(execution: Execution) -> str:
    """What kept the plan from its end, as a sentence before others; nothing when it got there.

    Whoever reads why it is not proven must not look for the fault in a cure that was half done.
    """
    if execution.succeeded:
        return ""
    last = execution.results[-1]
    lines = last.output.strip().splitlines() or ["no output"]
    why = execution.refused or f"{last.action} {last.status}: {lines[-1]}"
    return f"The plan was not run to its end ({why.rstrip('.')}). "


def _missing(looks: Looks) -> str:
    """Why patience ended without a proof."""
    if looks.stuck is None:
        return NOT_STEADY
    return (
        f"The journey {looks.stuck.ref} did not end well {WALKS} times in a row within "
        f"{PATIENCE_S:.0f} s: {looks.stuck.text}"
    )
