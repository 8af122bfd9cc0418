"""Does Vigil's confidence say how often its plans are proven?

Houses of four kinds live through incidents that look alike, of which a runbook cures many, some or
few, or many until half of the time is over and then none. Each begins without any record and learns
from what was proven. Of each plan that was carried out it is kept what confidence was said of it
beforehand, and what its proof found. With ``--data`` runs that were measured elsewhere are scored
in the same way: ``runs/*.jsonl`` with a line
``{"confidence": 0-100, "proven": true, "scenario": "...", "house": "..."}`` each.

    python benchmarks/calibration.py --json OUT --seed 1 [--houses 5] [--incidents 60]

Exits 1 where confidence is surely too high in a bin of all houses, or sorts plans no better than
chance. Where it is surely too high in a part of them is told in ``too_high``.
"""

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.calibrating.houses import Lived, houses, live
from benchmarks.calibrating.scoring import Run, report
from benchmarks.measuring import Measurement, parser, progress

CHANCE = 0.5
"""The AUROC of saying the same of every plan."""
FEWEST = 20
"""Runs of a bin that says something."""


async def lived_through(each: int, incidents: int, seed: int) -> list[Lived]:
    """All houses, one after the other."""
    lived: list[Lived] = []
    for number, mix in enumerate(houses(each), start=1):
        chance = Random(f"{seed}/{number}")  # noqa: S311 - a scene, not a secret
        lived += await live(str(number), mix, incidents, chance)
        progress(f"house {number} ({mix}): {len(lived)} incidents so far")
    return lived


def of_houses(lived: list[Lived], seed: int) -> dict[str, Any]:
    """The scores of all of them, and of parts of them."""
    runs = [each.run for each in lived if each.run is not None]
    parts = {
        mix: [each.run for each in lived if each.run is not None and each.mix == mix]
        for mix in dict.fromkeys(each.mix for each in lived)
    }
    parts["never_seen_before"] = [run for run in runs if not run.seen]
    parts["seen_before"] = [run for run in runs if run.seen]
    scores = {part: report(its, seed) for part, its in parts.items() if its}
    return {
        "incidents": len(lived),
        "without_a_plan": sum(each.run is None for each in lived),
        "all": report(runs, seed),
        "parts": scores,
        "too_high": list(too_high(scores)),
        "by_scenario": _by_scenario(runs),
    }


def too_high(parts: dict[str, Any]) -> Iterator[str]:
    """Where confidence is surely too high, although not in all houses together: nobody knows
    beforehand in which kind of house they are, so these are told and not promised away.
    """
    for part, scores in parts.items():
        for each in scores["bins"]:
            if each["overconfident"]:
                yield (
                    f"{part}, {each['from']} to {each['below'] - 1}: said {each['said']}, proven "
                    f"{each['proven']} of {each['runs']}"
                )


def _by_scenario(runs: list[Run]) -> dict[str, Any]:
    return {
        name: {
            "runs": len(its),
            "said": round(sum(run.confidence for run in its) / len(its) / 100, 4),
            "proven": round(sum(run.proven for run in its) / len(its), 4),
        }
        for name in sorted({run.scenario for run in runs})
        if (its := [run for run in runs if run.scenario == name])
    }


def given(folder: Path) -> list[Run]:
    """Runs that were measured elsewhere."""
    return [
        Run(
            int(line["confidence"]),
            bool(line["proven"]),
            str(line.get("scenario", "")),
            str(line.get("house", "")),
        )
        for path in sorted((folder / "runs").glob("*.jsonl"))
        for line in map(json.loads, path.read_text(encoding="utf-8").splitlines())
    ]


def kept(scores: dict[str, Any]) -> bool:
    """What is promised: never surely too high, and better than no word at all."""
    told = [each for each in scores["bins"] if each["runs"] >= FEWEST]
    sorts = scores["auroc_between"]
    return not any(each["overconfident"] for each in told) and (sorts is None or sorts[0] > CHANCE)


def main() -> None:
    """Measure, tell, keep."""
    options = parser(__doc__ or "", "runs that were measured elsewhere: runs/*.jsonl")
    options.add_argument("--houses", type=int, default=5, help="of each of the four kinds")
    options.add_argument("--incidents", type=int, default=60, help="of each house")
    asked = options.parse_args()
    measurement = Measurement("calibration")
    lived = asyncio.run(lived_through(asked.houses, asked.incidents, asked.seed))
    measured: dict[str, Any] = {"houses": of_houses(lived, asked.seed)}
    sets = [measured["houses"]["all"]]
    if asked.data is not None and (runs := given(asked.data)):
        measured["data"] = report(runs, asked.seed)
        sets.append(measured["data"])
    measured["kept"] = all(map(kept, sets))
    measurement.write(asked.json, measured)
    for scores in sets:
        progress(json.dumps(scores))
    sys.exit(0 if measured["kept"] else 1)


if __name__ == "__main__":
    main()
