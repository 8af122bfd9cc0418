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
    house: str = ""
    """Where; runs of one house are not independent of each other. Without one it stands alone."""
    counted: float | None = None
    """What who only counts would have said: how often it was proven in this house so far."""
    seen: bool = True
    """Something like it was carried out in this house before."""


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

    The base rate is that of these very runs, which nobody knows beforehand. None where all came out
    alike: then it is perfect, and nothing can be said.
    """
    rate = sum(run.proven for run in runs) / len(runs)
    base = rate * (1 - rate)
    return None if base == 0 else 1 - brier(runs) / base


def skill_over_counting(runs: Sequence[Run]) -> float | None:
    """The same against who only counts, house by house, what was proven so far."""
    known = [run for run in runs if run.counted is not None]
    base = sum((run.counted - run.proven) ** 2 for run in known if run.counted is not None)
    said = sum((run.confidence / 100 - run.proven) ** 2 for run in known)
    return None if base == 0 else 1 - said / base


def auroc(runs: Sequence[Run]) -> float | None:
    """The chance that of a run that was proven and one that was not the first had more confidence.

    Equal ones count half; 0.5 is what the base rate gives. None where all came out alike.
    """
    won, pairs = _won(runs)
    return won / pairs if pairs else None


def auroc_within(runs: Sequence[Run]) -> float | None:
    """The same of two runs of one house: that houses differ does not help here."""
    found = [_won(its) for its in by_house(runs)]
    pairs = sum(each for _, each in found)
    return sum(won for won, _ in found) / pairs if pairs else None


def _won(runs: Sequence[Run]) -> tuple[float, int]:
    good = [run.confidence for run in runs if run.proven]
    bad = [run.confidence for run in runs if not run.proven]
    return sum((g > b) + (g == b) / 2 for g in good for b in bad), len(good) * len(bad)


def by_house(runs: Sequence[Run]) -> list[list[Run]]:
    """The runs of each; one that says no house stands alone."""
    found: dict[str, list[Run]] = {}
    for number, run in enumerate(runs):
        found.setdefault(run.house or f"#{number}", []).append(run)
    return list(found.values())


def spread_of(
    runs: Sequence[Run], score: Callable[[Sequence[Run]], float | None], seed: int
) -> list[float] | None:
    """Where the score lies at 95 %, by drawing whole houses again with replacement.

    Runs of a house share its luck and its record; drawn one by one they would look like more than
    they are.
    """
    chance = random.Random(seed)  # noqa: S311 - a resampling
    houses = by_house(runs)
    drawn = (score(_again(chance.choices(houses, k=len(houses)))) for _ in range(RESAMPLES))
    scores = sorted(value for value in drawn if value is not None)
    if len(scores) < RESAMPLES // 2:
        return None
    low, high = int(0.025 * len(scores)), int(0.975 * len(scores)) - 1
    return [round(scores[low], 4), round(scores[high], 4)]


def _again(houses: Sequence[Sequence[Run]]) -> list[Run]:
    """A house that was drawn twice is two houses."""
    return [run._replace(house=f"{n}") for n, its in enumerate(houses) for run in its]


def report(runs: Sequence[Run], seed: int) -> dict[str, Any]:
    """Everything of one set of runs."""
    return {
        "runs": len(runs),
        "base_rate": round(sum(run.proven for run in runs) / len(runs), 4),
        "brier": round(brier(runs), 4),
        "brier_skill": _rounded(brier_skill(runs)),
        "brier_skill_between": spread_of(runs, brier_skill, seed),
        "skill_over_counting": _rounded(skill_over_counting(runs)),
        "skill_over_counting_between": spread_of(runs, skill_over_counting, seed),
        "auroc": _rounded(auroc(runs)),
        "auroc_between": spread_of(runs, auroc, seed),
        "auroc_within_a_house": _rounded(auroc_within(runs)),
        "auroc_within_a_house_between": spread_of(runs, auroc_within, seed),
        "bins": bins(runs),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
