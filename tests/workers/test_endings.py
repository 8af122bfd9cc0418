"""A process that was told to end ends, whatever its threads wait for (about 2 s)."""

import subprocess
import sys
from pathlib import Path

import dbos
import pytest

from vigil.cli.endings import WAITING

WAITS = """
import sys, threading
from concurrent.futures import ThreadPoolExecutor

from vigil.cli.endings import waiting_for_no_thread
from vigil.cli.words import told
from vigil.domain.errors import PortUnavailable

with waiting_for_no_thread(), told():
    if sys.argv[1] == "waits":
        ThreadPoolExecutor(thread_name_prefix="dbos-executor-").submit(threading.Event().wait)
    print("done", end="")
    if sys.argv[2] == "1":
        raise PortUnavailable("the database did not answer")
print(" and cleaned up", end="")
"""


@pytest.mark.parametrize(
    ("threads", "code", "says"),
    [("waits", 0, "done"), ("waits", 1, "done"), ("none", 0, "done and cleaned up")],
)
def test_no_thread_is_waited_for(threads: str, code: int, says: str) -> None:
    command = [sys.executable, "-c", WAITS, threads, str(code)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == code, ended.stderr
    assert ended.stdout.startswith(says)
    assert ("cleaned up" in ended.stdout) == (threads == "none")
    if code:
        assert "the database did not answer" in ended.stderr


def test_dbos_calls_its_threads_so() -> None:
    """What is looked for must be what the pinned DBOS names them."""
    source = Path(str(dbos.__file__)).with_name("_dbos.py").read_text()
    assert f'thread_name_prefix="{WAITING}"' in source
