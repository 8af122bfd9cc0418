"""A runner does not outlive the Vigil that started it, however early that is killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.programs import binary, wait_until

from vigil.children import tied_to_us

PARENT = """
import subprocess, sys, time
from vigil.children import tied_to_us
print(subprocess.Popen([*tied_to_us(), "sleep", "60"]).pid, flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def _setpriv() -> None:
    binary("setpriv")


def test_it_ends_with_its_parent() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        wait_until(lambda: command(child) == "sleep", "the child")
        os.kill(parent.pid, signal.SIGKILL)
    wait_until(lambda: command(child) == "", "the end of the child")


def test_one_whose_parent_is_gone_before_the_tie_does_not_begin() -> None:
    started_by_another = ["/bin/sh", "-c", '"$@"; exit $?', "sh", *tied_to_us()]
    assert subprocess.run([*tied_to_us(), "true"], check=False).returncode == 0
    assert subprocess.run([*started_by_another, "true"], check=False).returncode == 1


def command(pid: int) -> str:
    """The program that a process runs; nothing once it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().partition(b"\0")[0].decode()
    except OSError:
        return ""
