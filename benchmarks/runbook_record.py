"""How often is a shipped runbook's plan proven? Its lab record, measured on real shops.

Each trial breaks a real shop, lets Vigil work through its public API alone, plays the person who
approves the plan, and counts a success only when Vigil says ``verified`` and the judge agrees.
Autonomy is ``approve`` throughout, so that a record never depends on itself.

    python benchmarks/runbook_record.py --seed 1 --seeds 8 --trials 5 --json OUT [--record FILE]

``--record`` writes the totals of this run into a ``records.json`` for the knowledge base.
"""

import argparse
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vigil.cli.rehearsal.rehearsal import Rehearsal, Run
from vigil.cli.rehearsal.watching import Watching
from vigil.cli.runbooks import read_library
from vigil.domain.errors import VigilError
from vigil.lab.errors import LabError
from vigil.lab.scenario import load_scenarios

SCENARIO = "bad-release"
RUNBOOK = "bad-release"
RUNBOOKS = Path(__file__).parents[1] / "runbooks"
CALM_S = 90.0


def approve(watching: Watching) -> None:
    """The person's part: approve the very plan that waits."""
    incident = watching.incident
    if incident["waiting_on"] == "approval":
        body = {"plan_digest": incident["plan_digest"], "by": "runbook_record"}
        watching.client.post(f"/api/incidents/{watching.id}/approve", body)


def trials_of(seed: int, number: int) -> list[dict[str, Any]]:
    """So many trials on the shop of one seed; a failed one ends the shop, and is counted."""
    scenario = load_scenarios()[SCENARIO]
    found: list[dict[str, Any]] = []
    try:
        with Rehearsal(seed, _progress, edit_catalogue=_ask_always) as rehearsal:
            for trial in range(number):
                rehearsal.wait_calm(CALM_S)
                run = rehearsal.run(scenario, lambda _: None, approve)
                found.append(_row(seed, trial, run))
                _progress(json.dumps(found[-1]))
                if not found[-1]["success"]:
                    break
    except (VigilError, LabError) as error:
        found.append({"seed": seed, "trial": len(found), "success": False, "error": str(error)})
        _progress(json.dumps(found[-1]))
    return found


def _ask_always(catalogue: str) -> str:
    return catalogue.replace("autonomy: auto", "autonomy: approve")


def _row(seed: int, trial: int, run: Run) -> dict[str, Any]:
    planned = run.watching.last("planned") or {}
    return {
        "seed": seed,
        "trial": trial,
        "runbook": planned.get("runbook"),
        "runbook_digest": planned.get("runbook_digest"),
        "outcome": run.watching.outcome,
        "judge": run.judgement.ok,
        "cause_rank": run.expected_rank,
        "incidents": run.new_incidents,
        "success": run.watching.outcome == "verified" and run.judgement.ok,
        "detected_s": round(run.detected_s, 1),
        "verified_s": round(run.verified_s, 1),
        "stages": {name: round(s, 2) for name, s in run.watching.stages.items()},
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="not needed: the shops are made here")
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--record", type=Path)
    parser.add_argument("--merge", type=Path, nargs="*", default=[], help="results to add up")
    options = parser.parse_args()
    rows = [row for part in options.merge for row in json.loads(part.read_text())["rows"]]
    for seed in range(options.seed, options.seed + options.seeds):
        rows += trials_of(seed, options.trials)
    result = {
        "benchmark": "runbook_record",
        "measured_on": datetime.now(UTC).date().isoformat(),
        "commit": _commit(),
        "command": "python benchmarks/runbook_record.py " + " ".join(sys.argv[1:]),
        "scenario": SCENARIO,
        "trials": sum(1 for row in rows if _tried(row)),
        "successes": sum(1 for row in rows if row["success"]),
        "not_tried": [row for row in rows if not _tried(row)],
        "rows": [row for row in rows if _tried(row)],
    }
    options.json.write_text(json.dumps(result, indent=1) + "\n")
    if options.record:
        _write_record(options.record, result)
    _progress(f"{result['successes']} of {result['trials']}")


def _tried(row: dict[str, Any]) -> bool:
    """A plan of the runbook was made; a shop that never opened is no trial of it."""
    return row.get("runbook") == RUNBOOK


def _write_record(path: Path, result: dict[str, Any]) -> None:
    digest = {r.id: r.digest for r in read_library(RUNBOOKS).runbooks}[RUNBOOK]
    for row in result["rows"]:
        if row.get("runbook_digest") not in (digest, None):
            sys.exit(f"{RUNBOOK} was changed since seed {row['seed']} was measured; measure again")
    records = json.loads(path.read_text())
    records["records"][RUNBOOK] = {
        "digest": digest,
        "trials": result["trials"],
        "successes": result["successes"],
        "commit": result["commit"],
        "measured_on": result["measured_on"],
        "seeds": sorted({row["seed"] for row in result["rows"]}),
        "command": result["command"],
    }
    path.write_text(json.dumps(records, indent=2) + "\n")


def _commit() -> str:
    asked = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603 - fixed words


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
