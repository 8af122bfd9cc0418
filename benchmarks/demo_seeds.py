"""The whole demo, seed after seed, as a newcomer runs it; failures are kept in the result.

A demo that takes longer than ``--limit-s`` is not good; with ``--controls`` allow 900.

python benchmarks/demo_seeds.py --seed 1 --seeds 10 --json OUT
"""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.measuring import Measurement, parser, progress

DEADLINE_S = 1200.0
LIMIT_S = 240.0
MOST_SAID = 4000


def demo(seed: int, *further: str) -> dict[str, Any]:
    """One run of ``vigil demo --once --json``: its object, exit code and seconds."""
    asked = ["demo", "--once", "--json", "--seed", str(seed), *further]
    began = time.monotonic()
    with subprocess.Popen(  # noqa: S603 - this very project's command
        [sys.executable, "-m", "vigil", *asked],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=DEADLINE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
    seconds = round(time.monotonic() - began, 1)
    try:
        result = json.loads(out)
    except ValueError:
        result = {"ok": False}
    if not result["ok"]:
        result["said"] = err[-MOST_SAID:]
    return {"seed": seed, "exit_code": process.returncode, "seconds": seconds, "result": result}


def good(row: dict[str, Any], limit_s: float) -> bool:
    """All as expected, and soon enough."""
    return bool(row["result"]["ok"]) and row["exit_code"] == 0 and row["seconds"] <= limit_s


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Median and maximum of the whole, and of each fault's figures over the runs that had it."""
    by_fault: dict[str, list[dict[str, Any]]] = {}
    for fault in (fault for row in rows for fault in row["result"].get("faults", [])):
        by_fault.setdefault(fault["id"], []).append(fault)
    return {
        "total_s": spread([row["seconds"] for row in rows]),
        "faults": {name: figures(faults) for name, faults in sorted(by_fault.items())},
    }


def figures(faults: list[dict[str, Any]]) -> dict[str, Any]:
    """What one fault took, over all its runs."""
    values: dict[str, list[float]] = {}
    for fault in faults:
        stages = {f"stage {stage}": seconds for stage, seconds in fault["stages"].items()}
        whole = {name: fault[name] for name in ("detected_s", "verified_s")}
        for name, seconds in (whole | stages).items():
            values.setdefault(name, []).append(seconds)
    return {"runs": len(faults), **{name: spread(each) for name, each in values.items()}}


def spread(values: list[float]) -> dict[str, float]:
    """Median and maximum."""
    return {"median": round(statistics.median(values), 2), "max": max(values)}


def main() -> None:
    """Run, say how each went, and write the result."""
    known = parser(__doc__)
    known.add_argument("--seeds", type=int, default=10)
    known.add_argument("--limit-s", type=float, default=LIMIT_S)
    known.add_argument("--controls", action="store_true")
    options = known.parse_args()
    further = ["--controls"] if options.controls else []
    measurement = Measurement("demo_seeds")
    rows = []
    for seed in range(options.seed, options.seed + options.seeds):
        rows.append(demo(seed, *further))
        progress(f"seed {seed}: ok={rows[-1]['result']['ok']} in {rows[-1]['seconds']} s")
    result = {
        "good": sum(good(row, options.limit_s) for row in rows),
        "runs": len(rows),
        "limit_s": options.limit_s,
        "summary": summary(rows),
        "rows": rows,
    }
    measurement.write(options.json, result)
    progress(f"{result['good']} of {result['runs']}")


if __name__ == "__main__":
    main()
