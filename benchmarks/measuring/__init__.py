"""What the benchmarks have in common: their options, their progress, and the form of a result."""

import argparse
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def parser(doc: str, data: str = "not needed: the shops are made here") -> argparse.ArgumentParser:
    """The options that every benchmark takes."""
    options = argparse.ArgumentParser(description=doc.splitlines()[0])
    options.add_argument("--data", type=Path, help=data)
    options.add_argument("--json", type=Path, required=True)
    options.add_argument("--seed", type=int, default=1)
    return options


def progress(line: str) -> None:
    """A line for the person who waits."""
    print(line, file=sys.stderr, flush=True)


class Measurement:
    """A result under way. Make it before the run, which may last longer than the tree stays so."""

    def __init__(self, benchmark: str) -> None:
        asked = ["git", "rev-parse", "--short", "HEAD"]
        done = subprocess.run(asked, capture_output=True, text=True, check=True)  # noqa: S603 - fixed words
        self.benchmark = benchmark
        self.measured_on = datetime.now(UTC).date().isoformat()
        self.commit = done.stdout.strip()
        self.command = f"python benchmarks/{benchmark}.py {' '.join(sys.argv[1:])}"

    def write(self, path: Path, measured: dict[str, Any]) -> None:
        """Write what was measured, with what is needed to measure it again."""
        whole = {
            "benchmark": self.benchmark,
            "measured_on": self.measured_on,
            "commit": self.commit,
            "command": self.command,
            **measured,
        }
        path.write_text(json.dumps(whole, indent=1) + "\n")
