"""Locks between processes: one holds it, the others are told or wait, and the dead hold nothing."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from vigil import flock
from vigil.domain.errors import LockHeld

HOLDS = """
import sys
from pathlib import Path
from vigil import flock
with flock.locked(Path(sys.argv[1]), "taken"):
    print("holds", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("kind", ["a file that is made", "a file", "a folder"])
def test_one_at_a_time(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "lock"
    if kind == "a folder":
        path.mkdir()
    elif kind == "a file":
        path.write_text("kept")
    for _ in range(2):
        with flock.locked(path, "taken by the first"):
            assert flock.is_held(path)
            with (
                pytest.raises(LockHeld, match="taken by the first"),
                flock.locked(path, "taken by the first"),
            ):
                pytest.fail("two hold it")
        assert not flock.is_held(path)
    assert kind != "a file" or path.read_text() == "kept"


def test_what_is_made_is_its_owners(tmp_path: Path) -> None:
    with flock.locked(tmp_path / "lock", "taken"):
        assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600


def test_a_lock_that_is_not_there_is_held_by_nobody_and_not_made(tmp_path: Path) -> None:
    assert not flock.is_held(tmp_path / "gone" / "lock")
    assert not flock.is_held(tmp_path / "lock")
    assert list(tmp_path.iterdir()) == []


def test_who_waits_gets_it_or_is_told(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    begun, got = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        with flock.awaited(path, 10):
            got.set()

    with flock.locked(path, "taken"):
        waiting = threading.Thread(target=wait)
        waiting.start()
        assert begun.wait(10)
        with pytest.raises(LockHeld, match="see which one does"), flock.awaited(path, 0.05):
            pytest.fail("two hold it")
        assert not got.is_set()
    waiting.join(10)
    assert got.is_set()


def test_the_dead_hold_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"holds\n"
    assert flock.is_held(path)
    holder.kill()
    holder.communicate(timeout=10)
    with flock.awaited(path, 5):
        pass
