"""What does a proof cost, and what does Vigil call remedies that only look right, on a real shop?

(a) Cost: a verification of a thin service, real probes over HTTP: seconds, processor time, looks.
(b) Scenarios: a real shop whose checkout a release broke. Vigil investigates, plans and proves as
    ever; what its sandbox would do is done by the benchmark instead, as ``verifying/deeds.py``
    says: the cure, nothing, or something that only looks like a cure.

    python benchmarks/verification.py --seed 1 --runs 3 --json OUT
"""

import asyncio
import statistics
import sys
import tempfile
import time
from argparse import Namespace
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.measuring import Measurement, parser, progress
from benchmarks.verifying.deeds import SCENARIOS, Deeds, Scenario
from benchmarks.verifying.hands import OtherHands
from benchmarks.verifying.thin import Cost, verification_of_a_thin_service
from benchmarks.verifying.vigil import Watching, watching

from vigil.domain.errors import VigilError
from vigil.lab.errors import LabError
from vigil.lab.lab import Lab
from vigil.lab.scenario import choose, load_scenarios

BROKEN_S = 12.0
"""So long the shop is broken before anybody speaks of it, as an alert has to hold."""
Row = dict[str, Any]


def cost(runs: int, seed: int) -> Row:
    """(a): each with fewer or more neighbours, by the seed."""
    chance = Random(f"cost {seed}")  # noqa: S311 - variety, not secrecy
    costs = [
        asyncio.run(verification_of_a_thin_service(neighbours=chance.randint(2, 8)))
        for _ in range(runs)
    ]
    progress(f"cost: {len(costs)} verifications")
    return {"runs": runs} | {
        name: spread([getattr(c, name) for c in costs]) for name in Cost._fields
    }


def spread(values: list[float]) -> Row:
    """Median and the 95th of a hundred."""
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    return {"p50": round(statistics.median(ordered), 2), "p95": round(p95, 2)}


async def run_one(name: str, number: int, deeds: Deeds, vigil: Watching) -> Row:
    """One scenario once, in a shop that is well before and after."""
    scenario, lab = SCENARIOS[name], deeds.lab
    undone: list[bool] = []

    def undo() -> None:
        undone.append(True)
        deeds.take_back()

    remedy = lambda: scenario.deed(deeds)  # noqa: E731 - short
    hands = OtherHands(remedy, deeds.cure if scenario.gone else undo, scenario.undo_fails)
    broken = choose(load_scenarios(), "bad-release")
    began, worked = time.monotonic(), time.process_time()
    try:
        await asyncio.to_thread(lab.break_, broken)
        await asyncio.sleep(BROKEN_S)
        alert = lab.config.names.checkout.alert
        incident, events = await vigil.story(number, alert, hands, scenario)
    finally:
        await asyncio.to_thread(deeds.take_back)
        await asyncio.to_thread(lab.restore)
    said = {event.kind: event.payload or {} for event in events}
    stages = [event for event in events if event.kind == "stage_entered"]
    spent = [
        (after.at - before.at).total_seconds()
        for before, after in pairwise(stages)
        if (before.payload or {}).get("stage") == "VERIFYING"
    ]
    row: Row = {
        "scenario": name,
        "stage": incident.stage.value,
        "outcome": incident.outcome.value if incident.outcome else None,
        "undone": incident.attempt > 1,
        "text": said.get("closed", {}).get("text"),
        "verifying_s": [round(each, 1) for each in spent],
        "cpu_s": round(time.process_time() - worked, 1),
        "seconds": round(time.monotonic() - began, 1),
    }
    return row | {"right": right(row, scenario)}


def right(row: Row, scenario: Scenario) -> bool:
    """As it has to be, an undo that failed told as such."""
    told = "THE UNDO FAILED" in str(row["text"]) or not scenario.undo_fails
    as_expected = (scenario.stage, scenario.outcome, scenario.undone)
    return told and (row["stage"], row["outcome"], row["undone"]) == as_expected


async def shop(options: Namespace) -> list[Row]:
    """(b): every scenario in one shop, as often as asked for; errors are kept."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="vg", dir="/tmp") as folder:
        lab = await asyncio.to_thread(Lab.up, Path(folder) / "lab", seed=options.seed)
        try:
            files, names = lab.files, lab.config.names
            async with watching(files.catalogue, names.web, Path(folder) / "vigil") as vigil:
                for number in range(options.runs):
                    for name in options.only:
                        rows.append(
                            await kept(name, len(rows), Deeds(lab), vigil) | {"run": number + 1}
                        )
                        row = rows[-1]
                        progress(
                            f"{name} {number + 1}: {row.get('outcome', row.get('error'))}, "
                            f"{'right' if row['right'] else 'WRONG'} in {row.get('seconds')} s"
                        )
        finally:
            await asyncio.to_thread(lab.down)
    return rows


async def kept(name: str, number: int, deeds: Deeds, vigil: Watching) -> Row:
    """One that could not be carried out is wrong, with why."""
    try:
        return await run_one(name, number, deeds, vigil)
    except (LabError, VigilError, TimeoutError) as error:
        return {"scenario": name, "right": False, "error": f"{type(error).__name__}: {error}"}


def main() -> None:
    """Measure, say how each went, and write the result."""
    known = parser(__doc__)
    known.add_argument("--runs", type=int, default=3)
    known.add_argument("--only", nargs="+", choices=SCENARIOS, default=list(SCENARIOS))
    known.add_argument("--costs", type=int, default=20)
    options = known.parse_args()
    measurement = Measurement("verification")
    measured: Row = {"thin": cost(options.costs, options.seed)} if options.costs else {}
    if options.runs:
        rows = asyncio.run(shop(options))
        lasted = [seconds for row in rows for seconds in row.get("verifying_s", [])[:1]]
        measured |= {
            "right": sum(row["right"] for row in rows),
            "runs": len(rows),
            "shop_verifying_s": spread(lasted) if lasted else None,
            "rows": rows,
        }
    measurement.write(options.json, measured)
    sys.exit(0 if measured.get("right") == measured.get("runs") else 1)


if __name__ == "__main__":
    main()
