"""Processes that show that they live, to be frozen and killed."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.programs import wait_until

from vigil.integrations.workers.pulse import Pulse

ROOT = Path(__file__).parents[2]
_LIVES = """
import sys
from pathlib import Path
from vigil.integrations.workers.pulse import Pulse
Pulse(Path(sys.argv[1])).begin(sys.argv[2])
print("lives", flush=True)
sys.stdin.read()
"""


@contextmanager
def living(folder: Path, worker: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A process of its own that has begun to show that it is this worker."""
    command = [sys.executable, "-c", _LIVES, str(folder), worker]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"lives\n"
            yield process
        finally:
            process.kill()


def wait_until_stopped(folder: Path, worker: str) -> None:
    """The kernel ends a killed process a moment later."""
    wait_until(lambda: Pulse(folder).has_stopped(worker), f"the end of {worker}")
