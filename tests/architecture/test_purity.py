"""Domain, guard, ports, phases and lifecycle work with the world taken away (about 10 s).

A linter sees imports; it does not see ``open()`` or ``now()``. Each run is a process of its own,
because what is taken away stays away.
"""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def pure(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.architecture.pure", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_core_heals_and_undoes_without_touching_anything() -> None:
    done = pure()
    assert done.returncode == 0, done.stderr
    healed, undone, modules = done.stdout.splitlines()
    assert healed.startswith("RESOLVED verified")
    assert healed.endswith("after 3 calls")
    assert undone.startswith("ESCALATED not_fixed")
    assert undone.endswith("after 6 calls")
    assert "could not go on" not in healed + undone
    assert int(modules.split()[0]) > 70, "all of the core was imported"


@pytest.mark.parametrize(
    "what",
    [
        "open('/etc/hostname')",
        "os.listdir('/')",
        "os.remove('/tmp/not-there')",
        "socket.socket()",
        "subprocess.run(['true'])",
        "os.system('true')",
        "time.time()",
        "time.monotonic()",
        "datetime.datetime.now()",
        "random.random()",
        "os.urandom(1)",
        "uuid.uuid4()",
    ],
)
def test_reaching_out_is_noticed(what: str) -> None:
    done = pure("--touch", what)
    assert done.returncode == 1
    assert "Touched" in done.stderr.splitlines()[-1], done.stderr
