"""Where no safe sandbox can be made nothing is run, and it is said what to do about it.

That user namespaces are forbidden is tried in ``tests/contracts/test_sandbox.py``.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from vigil.domain.errors import SandboxUnavailable
from vigil.runner import landlock
from vigil.runner.bubblewrap.cgroup import Group
from vigil.runner.bubblewrap.sandbox import bounded
from vigil.runner.limits import MIB, Limits


def told_without(program: str, state: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a host says of its health, and to a script, where this program is not installed.

    In a mount namespace of its own, where a file that cannot be executed lies over the program.
    """
    if os.geteuid() != 0:
        pytest.skip("only root can hide a program of the system")
    hide = f'mount --bind /dev/null /usr/bin/{program} && exec "$@"'
    within = ["unshare", "--mount", "/bin/sh", "-c", hide, "sh"]
    host = [sys.executable, "-m", "tests.runner.attack_host", "bubblewrap", str(state)]
    order = {"id": 0, "text": "echo hello", "wall_s": 20.0}
    done = subprocess.run(
        [*within, *host], input=f"{json.dumps(order)}\n", capture_output=True, text=True, check=True
    )
    first, second = map(json.loads, done.stdout.splitlines())
    return first["health"], second


def test_without_bubblewrap(tmp_path: Path) -> None:
    health, answer = told_without("bwrap", tmp_path)
    assert not health["ok"]
    assert "apt-get install bubblewrap" in health["remedy"]
    assert "ended" not in answer
    assert "apt-get install bubblewrap" in answer["refused"]


def test_without_what_sets_limits(tmp_path: Path) -> None:
    health, answer = told_without("prlimit", tmp_path)
    assert not health["ok"]
    assert "apt-get install util-linux" in answer["refused"]


def test_without_perl_it_holds_and_says_that_one_wall_is_missing(tmp_path: Path) -> None:
    if not landlock.used():
        pytest.skip(landlock.told())
    health, answer = told_without("perl", tmp_path)
    assert health["ok"]
    assert "is not used, as perl is missing" in health["text"]
    assert answer["ended"]["output"] == "hello"


def test_where_nothing_bounds_the_whole() -> None:
    limits = Limits()
    smaller = bounded(limits, Group(), 16 * 1024 * MIB)
    assert smaller.processes * smaller.address_space_bytes <= 2048 * MIB
    with pytest.raises(SandboxUnavailable, match="Delegate=memory pids"):
        bounded(limits, Group(), 3 * 1024 * MIB)


def test_where_a_group_bounds_the_whole(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("1")
    assert bounded(Limits(), Group(folders=(tmp_path,)), 0) == Limits()
