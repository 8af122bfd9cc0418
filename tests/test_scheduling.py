"""Tests are handed out to workers as tests/support/scheduling.py says (about 10 s: 4 workers)."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LAB = """\
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.lab

def test_at_most_one_other_runs_beside_it():
    here = Path(__file__)
    own = here.with_suffix(".runs")
    own.touch()
    time.sleep(0.3)
    running = list(here.parent.glob("*.runs"))
    own.unlink()
    assert len(running) <= 2, running
"""
OTHER = """\
import pytest

@pytest.mark.parametrize("number", range(4))
def test_it_runs(number):
    pass
"""
UNDISTURBED = """\
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.lab, pytest.mark.undisturbed]

def test_no_other_runs_beside_it():
    here = Path(__file__)
    own = here.with_suffix(".runs")
    own.touch()
    for _ in range(5):
        time.sleep(0.1)
        assert list(here.parent.glob("*.runs")) == [own]
    own.unlink()
"""
IDLE = """\
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.lab, pytest.mark.idle]

def test_two_others_run_beside_it():
    began = time.monotonic()
    while len(list(Path(__file__).parent.glob("*.runs"))) < 2:
        assert time.monotonic() < began + 30
"""


def run_by_four(folder: Path) -> str:
    """What pytest prints of the tests in this folder, which pass."""
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = lab\n  idle\n  undisturbed\n")
    command = [sys.executable, "-m", "pytest", "-c", str(folder / "pytest.ini"), "-q"]
    command += ["-p", "tests.support.scheduling", "-p", "no:cacheprovider"]
    command += ["-n", "4", "--dist", "loadfile", "--no-loadscope-reorder", str(folder)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_of_four_workers_two_at_most_have_a_lab_and_all_is_run(tmp_path: Path) -> None:
    (tmp_path / "test_idle.py").write_text(IDLE)
    for number in range(5):
        (tmp_path / f"test_lab_{number}.py").write_text(LAB)
        (tmp_path / f"test_other_{number}.py").write_text(OTHER)
    assert "26 passed" in run_by_four(tmp_path)


def test_beside_a_lab_that_is_not_to_be_disturbed_there_is_none(tmp_path: Path) -> None:
    for number in range(2):
        (tmp_path / f"test_first_{number}.py").write_text(UNDISTURBED)
        (tmp_path / f"test_lab_{number}.py").write_text(LAB)
        (tmp_path / f"test_other_{number}.py").write_text(OTHER)
    assert "12 passed" in run_by_four(tmp_path)
