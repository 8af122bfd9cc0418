"""What a Vigil holds in memory: its process and everything that it started, measured all the time.

Pages that several of them share are counted once (the kernel's proportional set size).
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.vigils import below

EVERY_S = 0.25
KB_PER_MB = 1024


@dataclass
class Memory:
    """Of one process and all below it."""

    pid: int
    most_mb: float = 0.0
    by_program: dict[str, float] = field(default_factory=dict)
    """At the moment when it was most."""

    def now_mb(self) -> float:
        """All of it, now."""
        held = {pid: _held_mb(pid) for pid in (self.pid, *below(self.pid))}
        whole = round(sum(held.values()), 1)
        if whole > self.most_mb:
            self.most_mb = whole
            self.by_program = {f"{_name(pid)} {pid}": round(mb, 1) for pid, mb in held.items()}
        return whole


@contextmanager
def watched(pid: int) -> Iterator[Memory]:
    """Look again and again, so that what is held for a moment is seen too."""
    memory = Memory(pid)
    over = threading.Event()

    def watch() -> None:
        while not over.wait(EVERY_S):
            memory.now_mb()

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield memory
    finally:
        over.set()
        watching.join()


def _held_mb(pid: int) -> float:
    """Nothing of one that has just ended, or that is somebody else's, as in a sandbox."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    found = next((line for line in lines if line.startswith("Pss:")), "Pss: 0 kB")
    return int(found.split()[1]) / KB_PER_MB


def _name(pid: int) -> str:
    """The command of Vigil that it runs, or its program."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return "ended"
    after = words.index("vigil") + 1 if "vigil" in words else 0
    return Path(words[after]).name
