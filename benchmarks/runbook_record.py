"""How often is a shipped runbook's plan proven? Its lab record, measured on real shops.

Each trial breaks a real shop, lets Vigil work through its public API alone, plays the person who
approves the plan, and counts a success only when Vigil says ``verified`` and the judge agrees.
Autonomy is ``approve`` throughout, so that a record never depends on itself. The scenarios that a
runbook is meant for are tried in turn. Once a shop is open, whatever goes wrong is a failed trial.

    python benchmarks/runbook_record.py --runbook ID --seed 1 --seeds 8 --trials 5 --json OUT

``--record FILE`` writes the totals of this run into a ``records.json`` for the knowledge base.
"""

import json
import sys
from argparse import Namespace
from pathlib import Path
from types import MappingProxyType
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.measuring import Measurement, parser, progress

from vigil.cli.rehearsal.rehearsal import Rehearsal
from vigil.cli.rehearsal.run import Run
from vigil.cli.rehearsal.watching import Watching
from vigil.cli.runbooks import read_library
from vigil.domain.errors import VigilError
from vigil.lab.errors import LabError
from vigil.lab.scenario import load_scenarios

SCENARIOS = MappingProxyType(
    {
        "bad-release": ("bad-release", "bad-release-one-instance", "bad-release-slow"),
        "worker-hung": ("worker-hung",),
        "leaked-session": ("pool-exhausted",),
    }
)
RUNBOOKS = Path(__file__).parents[1] / "runbooks"
CALM_S = 90.0

Row = dict[str, Any]


class Approver:
    """The person's part: approve the very plan that waits, once."""

    def __init__(self) -> None:
        self._approved: set[str] = set()

    def look(self, watching: Watching) -> None:
        """Answer, if somebody asks."""
        incident = watching.incident
        digest = incident["plan_digest"]
        if incident["waiting_on"] == "approval" and digest not in self._approved:
            self._approved.add(digest)
            body = {"plan_digest": digest, "by": "runbook_record"}
            watching.client.post(f"/api/incidents/{watching.id}/approve", body)


def rows_of(seed: int, options: Namespace) -> list[Row]:
    """The trials in one shop; one that fails is the shop's last, and its log is kept."""
    found: list[Row] = []
    try:
        with Rehearsal(seed, progress, edit_catalogue=_ask_always) as rehearsal:
            for trial in range(options.trials):
                found.append(_trial(rehearsal, seed, trial, options.runbook))
                progress(json.dumps(found[-1]))
                if not found[-1]["success"]:
                    _keep_log(rehearsal, options.json.with_suffix(f".{seed}.log"))
                    break
    except (VigilError, LabError) as error:
        # What goes wrong in a trial is its row; this is a shop that did not open, or not close.
        found.append({"seed": seed, "opened": False, "success": False, "error": str(error)})
        progress(json.dumps(found[-1]))
    return found


def _ask_always(catalogue: str) -> str:
    return catalogue.replace("autonomy: auto", "autonomy: approve")


def _trial(rehearsal: Rehearsal, seed: int, trial: int, runbook: str) -> Row:
    """One scenario, and what became of it."""
    names = SCENARIOS[runbook]
    # Each shop begins with another of them, so that each is met by a fresh Vigil too.
    name = names[(seed + trial) % len(names)]
    row: Row = {"seed": seed, "trial": trial, "scenario": name, "opened": True, "success": False}
    try:
        rehearsal.wait_calm(CALM_S)
        run = rehearsal.run(load_scenarios()[name], lambda _: None, Approver().look)
    except (VigilError, LabError) as error:
        return {**row, "error": str(error)}
    return {**row, **_seen(run, runbook)}


def _seen(run: Run, runbook: str) -> Row:
    planned = run.watching.last("planned") or {}
    proven = run.watching.outcome == "verified" and run.judgement.ok
    return {
        "success": proven and planned.get("runbook") == runbook,
        "runbook": planned.get("runbook"),
        "runbook_digest": planned.get("runbook_digest"),
        "outcome": run.watching.outcome,
        "judge": run.judgement.ok,
        "cause_rank": run.expected_rank,
        "incidents": run.incidents,
        "detected_s": round(run.detected_s, 1),
        "verified_s": round(run.verified_s, 1),
        "stages": {name: round(s, 2) for name, s in run.watching.stages.items()},
    }


def _keep_log(rehearsal: Rehearsal, log: Path) -> None:
    log.write_text(rehearsal.serve.log.read_text(errors="replace"))
    progress(f"what Vigil logged is kept in {log}")


def main() -> None:
    """Measure and write."""
    known = parser(__doc__)
    known.add_argument("--runbook", choices=tuple(SCENARIOS), default="bad-release")
    known.add_argument("--seeds", type=int, default=8)
    known.add_argument("--trials", type=int, default=5)
    known.add_argument("--record", type=Path)
    known.add_argument("--merge", type=Path, nargs="*", default=[], help="results to add up")
    options = known.parse_args()
    measurement = Measurement("runbook_record")
    rows = [row for part in options.merge for row in _rows_in(part, options.runbook)]
    for seed in range(options.seed, options.seed + options.seeds):
        rows += rows_of(seed, options)
    result = summary(options.runbook, rows)
    measurement.write(options.json, result)
    if options.record:
        _write_record(options.record, measurement, result)
    progress(f"{result['successes']} of {result['trials']}")


def _rows_in(part: Path, runbook: str) -> list[Row]:
    result = json.loads(part.read_text())
    if result["runbook"] != runbook:
        sys.exit(f"{part} is about {result['runbook']}, not {runbook}")
    return [*result["rows"], *result["not_tried"]]


def summary(runbook: str, rows: list[Row]) -> dict[str, Any]:
    """Totals, in all and by scenario. A shop that never opened is no trial."""
    tried = [row for row in rows if row["opened"]]
    by_scenario = {
        name: {"trials": len(each), "successes": sum(row["success"] for row in each)}
        for name in SCENARIOS[runbook]
        if (each := [row for row in tried if row["scenario"] == name])
    }
    return {
        "runbook": runbook,
        "trials": len(tried),
        "successes": sum(row["success"] for row in tried),
        "by_scenario": by_scenario,
        "not_tried": [row for row in rows if not row["opened"]],
        "rows": tried,
    }


def _write_record(path: Path, measurement: Measurement, result: dict[str, Any]) -> None:
    runbook = result["runbook"]
    digest = {r.id: r.digest for r in read_library(RUNBOOKS).runbooks}[runbook]
    for row in result["rows"]:
        if row["success"] and row["runbook_digest"] != digest:
            sys.exit(f"{runbook} was changed since seed {row['seed']} was measured; measure again")
    records = json.loads(path.read_text())
    records["records"][runbook] = {
        "digest": digest,
        "trials": result["trials"],
        "successes": result["successes"],
        "commit": measurement.commit,
        "measured_on": measurement.measured_on,
        "seeds": sorted({row["seed"] for row in result["rows"]}),
        "command": measurement.command,
    }
    path.write_text(json.dumps(records, indent=2) + "\n")


if __name__ == "__main__":
    main()
