"""How much memory processes really take, and how much the machine still has.

PSS counts a page that several processes share as a part for each: only sums of it are true.
Megabytes are 1,000,000 bytes.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
_MB = 1_000_000


def pss_mb(pids: Iterable[int]) -> float:
    """Of all that still run; what cannot be read counts as nothing."""
    return sum(_kilobytes(Path(f"/proc/{pid}/smaps_rollup"), "Pss") for pid in pids) * 1024 / _MB


def own_mb() -> float:
    """Of this process."""
    return pss_mb([os.getpid()])


def free_mb() -> float:
    """What the machine can still give, or this container, whichever is less."""
    machine = _kilobytes(Path("/proc/meminfo"), "MemAvailable") * 1024
    return min(machine, _left_in_container(machine)) / _MB


def _left_in_container(otherwise: float) -> float:
    most, used = _number(_CGROUP / "memory.max"), _number(_CGROUP / "memory.current")
    return otherwise if most is None or used is None else most - used


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):  # no such file, or "max"
        return None


def _kilobytes(file: Path, name: str) -> int:
    try:
        found = re.search(rf"^{name}:\s+(\d+) kB$", file.read_text(), re.MULTILINE)
    except OSError:  # the process has ended
        return 0
    return int(found[1]) if found else 0
