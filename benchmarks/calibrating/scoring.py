"""How good a forecast is that was made beforehand: reliability, Brier skill, AUROC."""

import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from math import sqrt
from typing import Any, NamedTuple

EDGES = (0, 30, 40, 50, 60, 70, 80, 90, 101)
"""Of the bins, by confidence; the last one is where Vigil may act unasked."""
Z = 1.959963984540054
"""Standard normal quantile of 0.975."""
RESAMPLES = 1000


class Run(NamedTuple):
    """One plan that was carried out."""

    confidence: int
    proven: bool
    scenario: str = ""


def bins(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """For each bin what was said and what was seen, with Wilson's interval of it at 95 %.

    Confidence is meant as a lower bound: ``overconfident`` says that what was seen is surely less.
    """
    found = []
    for low, high in pairwise(EDGES):
        inside = [run for run in runs if low <= run.confidence < high]
        if not inside:
            continue
        said = sum(run.confidence for run in inside) / len(inside) / 100
        proven = sum(run.proven for run in inside)
        least, most = interval(proven, len(inside))
        found.append(
            {
                "from": low,
                "below": high,
                "runs": len(inside),
                "said": round(said, 4),
                "proven": round(proven / len(inside), 4),
                "between": [round(least, 4), round(most, 4)],
                "overconfident": most < said,
            }
        )
    return found


def interval(successes: int, trials: int) -> tuple[float, float]:
    """Wilson's, at 95 %."""
    share = successes / trials
    centre = share + Z**2 / (2 * trials)
    spread = Z * sqrt(share * (1 - share) / trials + Z**2 / (4 * trials**2))
    whole = 1 + Z**2 / trials
    return (centre - spread) / whole, (centre + spread) / whole


def brier(runs: Sequence[Run]) -> float:
    """Mean squared distance between what was said and what came of it."""
    return sum((run.confidence / 100 - run.proven) ** 2 for run in runs) / len(runs)


def brier_skill(runs: Sequence[Run]) -> float | None:
    """How much better than saying the base rate each time: 1 is perfect, 0 is no better.

    None where all came out alike: then the base rate is perfect, and nothing can be said.
    """
    rate = sum(run.proven for run in runs) / len(runs)
    base = rate * (1 - rate)
    return None if base == 0 else 1 - brier(runs) / base


def auroc(runs: Sequence[Run]) -> float | None:
    """The chance that of a run that was proven and one that was not the first had more confidence.

    Equal ones count half; 0.5 is what the base rate gives. None where all came out alike.
    """
    good = [run.confidence for run in runs if run.proven]
    bad = [run.confidence for run in runs if not run.proven]
    if not good or not bad:
        return None
    won = sum((g > b) + (g == b) / 2 for g in good for b in bad)
    return won / (len(good) * len(bad))


def spread_of(
    runs: Sequence[Run], score: Callable[[Sequence[Run]], float | None], seed: int
) -> list[float] | None:
    """Where the score lies at 95 %, by drawing the runs again with replacement."""
    chance = random.Random(seed)  # noqa: S311 - a resampling
    drawn = (score(chance.choices(runs, k=len(runs))) for _ in range(RESAMPLES))
    scores = sorted(value for value in drawn if value is not None)
    if len(scores) < RESAMPLES // 2:
        return None
    low, high = int(0.025 * len(scores)), int(0.975 * len(scores)) - 1
    return [round(scores[low], 4), round(scores[high], 4)]


def report(runs: Sequence[Run], seed: int) -> dict[str, Any]:
    """Everything of one set of runs."""
    return {
        "runs": len(runs),
        "base_rate": round(sum(run.proven for run in runs) / len(runs), 4),
        "brier": round(brier(runs), 4),
        "brier_skill": _rounded(brier_skill(runs)),
        "brier_skill_between": spread_of(runs, brier_skill, seed),
        "auroc": _rounded(auroc(runs)),
        "auroc_between": spread_of(runs, auroc, seed),
        "bins": bins(runs),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
