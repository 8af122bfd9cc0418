"""What a verdict stands on: each criterion, whether it is met, and the evidence in words."""

from dataclasses import dataclass

from vigil.domain.plan import Execution, Plan
from vigil.domain.proof import Criterion, Ground
from vigil.domain.shown import shown
from vigil.verify.baseline import Baseline
from vigil.verify.counting import Counting
from vigil.verify.looks import WINDOW_S, Looks, Streak
from vigil.verify.metric import Metric

NOT_STEADY = f"Not every proving probe passed often enough in a row over {WINDOW_S:.0f} s"


@dataclass(frozen=True)
class Seen:
    """What one verification has seen so far; ``metric`` is None before it was asked."""

    plan: Plan
    execution: Execution
    baseline: Baseline
    looks: Looks
    counting: Counting
    metric: Metric | None
    journeys: bool
    """There are some among the proving probes."""
    patience_s: float
    """How long was looked at most."""
    swarm: Ground | None = None
    """What became of the swarm; None where nobody asks for one."""


def grounds(seen: Seen) -> tuple[Ground, ...]:
    """Every criterion, in the order in which people ask for them."""
    found = [_executed(seen), _symptom(seen), _neighbours(seen), _metric(seen), _inventory(seen)]
    if seen.journeys:
        found.append(_journeys(seen.looks, seen.patience_s))
    if seen.swarm is not None:
        found.append(seen.swarm)
    return tuple(found)


def missing(seen: Seen) -> str:
    """Why there is no proof: the first criterion that is not met but for having been run."""
    found = grounds(seen)
    if only_unborne(found):
        return found[-1].text
    unmet = (g for g in found if g.met is False and g.criterion is not Criterion.EXECUTED)
    return next((ground.text for ground in unmet), f"{NOT_STEADY}.")


def only_unborne(found: tuple[Ground, ...]) -> bool:
    """Whether nothing but the swarm is missing, and for no fault of the service or the plan."""
    unknown = {ground.criterion for ground in found if ground.met is None}
    only = Criterion.SWARM in unknown <= {Criterion.SWARM, Criterion.METRIC}
    return only and all(ground.met is not False for ground in found)


def cut_short(execution: Execution) -> str:
    """What kept the plan from its end, as a sentence before others; nothing when it got there.

    Whoever reads why it is not proven must not look for the fault in a cure that was half done.
    """
    if execution.succeeded:
        return ""
    last = execution.results[-1]
    lines = shown(last).output.strip().splitlines() or ["no output"]
    why = execution.refused or f"{last.action} {last.status}: {lines[-1]}"
    return f"The plan was not run to its end ({why.rstrip('.')}). "


def _executed(seen: Seen) -> Ground:
    ran = seen.execution.succeeded
    text = "The plan was run to its end." if ran else cut_short(seen.execution).rstrip()
    return Ground(criterion=Criterion.EXECUTED, met=ran, text=text)


def _symptom(seen: Seen) -> Ground:
    proving = seen.plan.proving
    failed = sum(1 for ref in proving if seen.baseline.still_failing((ref,)))
    met = seen.looks.symptom_gone and failed > 0
    text = f"{NOT_STEADY}{_told(seen.looks.unsteady)}."
    if met:
        text = (
            f"{failed} of {len(proving)} proving probes failed before; all passed over "
            f"{seen.looks.window_s:.0f} s."
        )
    return Ground(criterion=Criterion.SYMPTOM, met=met, text=text)


def _told(streaks: tuple[Streak, ...]) -> str:
    said = (f"{each.ref} {each.passes} of {each.needed} times" for each in streaks)
    return f": {', '.join(said)}" if streaks else ""


def _neighbours(seen: Seen) -> Ground:
    worse, ailing = seen.looks.worse, seen.looks.ailing
    text = f"No neighbour ({len(seen.plan.neighbours)} probes) is worse."
    if worse is not None:
        text = f"{worse}."
    elif ailing:
        text = f"Not well, or not for long enough: {', '.join(map(str, ailing))}."
    met = worse is None and not ailing
    return Ground(criterion=Criterion.NEIGHBOURS, met=met, text=text)


def _metric(seen: Seen) -> Ground:
    met, text = None, "It was not asked yet, because the probes were not steady."
    if seen.metric is not None:
        met, text = seen.metric.back, seen.metric.text
    return Ground(criterion=Criterion.METRIC, met=met, text=text)


def _inventory(seen: Seen) -> Ground:
    met = seen.counting.whole if seen.counting.began else None
    return Ground(criterion=Criterion.INVENTORY, met=met, text=seen.counting.text)


def _journeys(looks: Looks, patience_s: float) -> Ground:
    stuck, well = looks.stuck, looks.walked_well
    text = f"Each journey ended well {looks.walks} times in a row." if well else "Not walked yet."
    if not well and stuck is not None:
        text = (
            f"The journey {stuck.ref} did not end well {looks.walks} times in a row within "
            f"{patience_s:.0f} s: {stuck.text}"
        )
    met = well if well or stuck is not None else None
    return Ground(criterion=Criterion.JOURNEYS, met=met, text=text)
