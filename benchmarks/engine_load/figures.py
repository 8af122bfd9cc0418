"""Numbers out of many measurements, and out of the kernel."""

import math
from collections.abc import Sequence
from pathlib import Path

MS = 1000.0


def spread_ms(seconds: Sequence[float]) -> dict[str, float]:
    """How many, and the median, the 99th percentile and the longest, in milliseconds."""
    ordered = sorted(seconds)
    return {
        "n": len(ordered),
        "p50_ms": round(_percentile(ordered, 0.50) * MS, 1),
        "p99_ms": round(_percentile(ordered, 0.99) * MS, 1),
        "max_ms": round(ordered[-1] * MS, 1),
    }


def _percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that so large a share does not exceed; never a value in between."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def cpu_s(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
