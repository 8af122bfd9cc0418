"""Temporary folders whose owner may be killed: who comes next removes them (below 2 s)."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from vigil.integrations._clients.scratch import PREFIX, YOUNG_S, Scratch

OWNER = """
import sys
from vigil.integrations._clients.scratch import Scratch
folder = Scratch()
(folder.path / "kept").write_text("x")
print(folder.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this test's temporary folders are."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def aged(folder: Path) -> Path:
    """As if nobody had touched it for a while."""
    at = folder.stat().st_mtime - YOUNG_S - 1
    os.utime(folder, (at, at))
    return folder


def test_it_is_the_owners_alone_and_gone_when_removed(place: Path) -> None:
    folder = Scratch()
    assert folder.path.parent == place
    assert folder.path.stat().st_mode & 0o777 == 0o700
    (folder.path / "file").write_text("x")
    folder.remove()
    assert list(place.iterdir()) == []


def test_what_a_killed_process_left_is_removed_by_the_next(place: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    left = Path(owner.stdout.readline().strip())
    aged(left)
    Scratch().remove()
    assert (left / "kept").exists(), "its owner lives"
    owner.send_signal(signal.SIGKILL)
    owner.communicate()
    Scratch().remove()
    assert list(place.iterdir()) == []


def test_what_is_young_or_is_no_folder_of_ours_stays(place: Path) -> None:
    young = place / f"{PREFIX}young"
    young.mkdir()
    elsewhere = place / "elsewhere"
    elsewhere.mkdir()
    aged(elsewhere)
    link = place / f"{PREFIX}link"
    link.symlink_to(elsewhere)
    past = elsewhere.stat().st_mtime
    os.utime(link, (past, past), follow_symlinks=False)
    file = place / f"{PREFIX}file"
    file.write_text("x")
    aged(file)
    Scratch().remove()
    assert {path.name for path in place.iterdir()} == {
        young.name,
        elsewhere.name,
        link.name,
        file.name,
    }


def test_nobody_elses_is_touched(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = place / f"{PREFIX}theirs"
    theirs.mkdir()
    aged(theirs)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    Scratch().remove()
    assert theirs.exists()
