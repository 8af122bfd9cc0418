"""The whole demo, seed after seed, as a newcomer runs it; failures are kept in the result.

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

DEADLINE_S = 600.0


def demo(seed: int) -> dict[str, Any]:
    """One run of ``vigil demo --once --json``: its object, exit code and seconds."""
    began = time.monotonic()
    ended = subprocess.run(  # noqa: S603 - this very project's command
        [sys.executable, "-m", "vigil", "demo", "--once", "--json", "--seed", str(seed)],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    seconds = round(time.monotonic() - began, 1)
    try:
        result = json.loads(ended.stdout)
    except ValueError:
        result = {"ok": False, "said": ended.stderr[-2000:]}
    return {"seed": seed, "exit_code": ended.returncode, "seconds": seconds, "result": result}


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Median and maximum of each figure over the runs that gave one."""
    faults = [fault for row in rows for fault in row["result"].get("faults", [])]
    figures: dict[str, list[float]] = {"total_s": [row["seconds"] for row in rows]}
    for fault in faults:
        figures.setdefault("detected_s", []).append(fault["detected_s"])
        figures.setdefault("verified_s", []).append(fault["verified_s"])
        for stage, seconds in fault["stages"].items():
            figures.setdefault(f"stage {stage}", []).append(seconds)
    return {
        name: {"median": round(statistics.median(values), 2), "max": max(values)}
        for name, values in figures.items()
    }


def main() -> None:
    """Run, say how each went, and write the result."""
    known = parser(__doc__)
    known.add_argument("--seeds", type=int, default=10)
    options = known.parse_args()
    measurement = Measurement("demo_seeds")
    rows = []
    for seed in range(options.seed, options.seed + options.seeds):
        rows.append(demo(seed))
        progress(f"seed {seed}: ok={rows[-1]['result']['ok']} in {rows[-1]['seconds']} s")
    result = {
        "good": sum(1 for row in rows if row["result"]["ok"] and row["exit_code"] == 0),
        "runs": len(rows),
        "summary": summary(rows),
        "rows": rows,
    }
    measurement.write(options.json, result)
    progress(f"{result['good']} of {result['runs']}")


if __name__ == "__main__":
    main()
