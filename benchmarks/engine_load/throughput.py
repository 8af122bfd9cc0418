"""Incidents per second of the whole lifecycle, beside plain DBOS with as many workflows and steps.

``bare`` is plain DBOS with one step a workflow; it is told beside the ratio and decides nothing.

Each run is a process of its own on a database of its own, as DBOS is one to a process.
"""

import argparse
import asyncio
import json
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from benchmarks.engine_load.plain import ONE_EACH, STEPS, plain_dbos
from benchmarks.engine_load.whole import built, whole_lifecycle

ROOT = Path(__file__).resolve().parents[2]
LONGEST_S = 900.0
_STEPS = {"plain": STEPS, "bare": ONE_EACH}
KINDS = ("plain", "bare", "whole")

NewDatabase = Callable[[], AbstractContextManager[str]]


def compare(new_database: NewDatabase, rounds: int, incidents: int) -> dict[str, Any]:
    """All in turn, round after round, so that what else the machine does meets all."""
    runs: dict[str, list[dict[str, float]]] = {kind: [] for kind in KINDS}
    for number in range(rounds):
        for kind in KINDS if number % 2 == 0 else KINDS[::-1]:
            with new_database() as url:
                runs[kind].append(run(kind, url, incidents))
    rates = {kind: [incidents / each["seconds"] for each in runs[kind]] for kind in KINDS}
    ratios = {kind: _ratios(rates["whole"], rates[kind]) for kind in ("plain", "bare")}
    return {
        "incidents_a_round": incidents,
        "rounds": rounds,
        "incidents_per_s": {kind: [round(rate, 2) for rate in rates[kind]] for kind in KINDS},
        "cpu_s_per_incident": {
            kind: round(statistics.median(each["cpu_s"] for each in runs[kind]) / incidents, 4)
            for kind in KINDS
        },
        "steps": {"plain": sum(STEPS), "bare": sum(ONE_EACH)},
        "ratios": ratios["plain"],
        "ratio": statistics.median(ratios["plain"]),
        "ratio_to_bare": statistics.median(ratios["bare"]),
    }


def _ratios(rates: Sequence[float], others: Sequence[float]) -> list[float]:
    return [round(rate / other, 3) for rate, other in zip(rates, others, strict=True)]


def run(kind: str, url: str, incidents: int) -> dict[str, float]:
    """One run; the database's address goes by stdin, as it holds a password."""
    with tempfile.TemporaryDirectory(prefix="vigil-load-") as folder:
        command = [sys.executable, "-m", "benchmarks.engine_load.throughput", kind, folder]
        done = subprocess.run(  # noqa: S603 - this very module
            [*command, str(incidents)],
            input=url.replace("FOLDER", folder),
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=LONGEST_S,
            check=False,
        )
    if done.returncode != 0:
        raise RuntimeError(f"{kind} failed: {done.stderr[-2000:]}")
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def main() -> None:
    """One run, told in one line."""
    options = argparse.ArgumentParser()
    options.add_argument("kind", choices=KINDS)
    options.add_argument("folder", type=Path)
    options.add_argument("incidents", type=int)
    given = options.parse_args()
    url = sys.stdin.read().strip()
    before = _cpu_s()
    if given.kind in _STEPS:
        seconds = asyncio.run(plain_dbos(url, given.incidents, _STEPS[given.kind]))
    else:
        engine = built(given.folder / "v", url, given.incidents)
        seconds = asyncio.run(whole_lifecycle(engine, url, given.incidents))
    print(json.dumps({"seconds": seconds, "cpu_s": _cpu_s() - before}))


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
