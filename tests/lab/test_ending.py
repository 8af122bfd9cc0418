"""However a lab ends, nothing of it is left (about 20 s: three shops, two shops, one shop)."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vigil.lab.errors import LabNotReady, LabNotRunning, LabUsage
from vigil.lab.lab import Lab
from vigil.lab.proc import residents
from vigil.lab.statedir import prepare

pytestmark = [pytest.mark.lab, pytest.mark.takes(30)]


def carriers(state: Path) -> set[int]:
    """Living processes whose command line, environment or mounts carry the state directory.

    Written apart from the lab's own search, and wider: it has to find what that one misses.
    """
    found = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            if " Z " in (entry / "stat").read_text():
                continue
            parts = [(entry / part).read_bytes() for part in ("cmdline", "environ", "mountinfo")]
        except OSError:
            continue
        if any(str(state).encode() in part for part in parts):
            found.add(int(entry.name))
    return found


def assert_all_gone(state: Path, seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while left := carriers(state):
        assert time.monotonic() < deadline, f"left behind: {left}"
        time.sleep(0.02)
    assert residents(state) == []


def pid_of(state: Path, module: str) -> int:
    """The lab's own process that runs this Python module."""
    (pid,) = {pid for pid in carriers(state) if module in arguments_of(pid)[:3]}
    return pid


def outer_cage(state: Path) -> int:
    cages = {pid for pid in carriers(state) if arguments_of(pid)[0].endswith("bwrap")}
    (outer,) = {pid for pid in cages if not arguments_of(parent_of(pid))[0].endswith("bwrap")}
    return outer


def arguments_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_kill_9_leaves_nothing_behind_and_the_neighbours_alone(tmp_path: Path) -> None:
    states = [tmp_path / name for name in "abc"]
    with ThreadPoolExecutor() as pool:
        labs = list(pool.map(lambda state: Lab.up(state, seed=5, leash=False), states))
    assert len({lab.config.ports for lab in labs}) == 3
    for lab in labs:
        assert len(carriers(lab.config.state)) > 12, "nginx, postgres and all others are seen"
    with pytest.raises(LabUsage, match="a lab is running"):
        Lab.up(states[1], seed=9)
    victims = (
        pid_of(states[0], "vigil.lab.keeper"),
        outer_cage(states[1]),
        pid_of(states[2], "supervisor.supervisord"),
    )
    for number, (lab, pid) in enumerate(zip(labs, victims, strict=True)):
        os.kill(pid, signal.SIGKILL)
        assert_all_gone(lab.config.state)
        with pytest.raises(LabNotRunning):
            Lab.attach(lab.config.state)
        for neighbour in labs[number + 1 :]:
            assert neighbour.judge().ok
        lab.down()
        assert not lab.config.state.exists()


def test_a_shop_on_a_leash_dies_with_its_holder(tmp_path: Path) -> None:
    code = (
        "import signal, sys, time; from pathlib import Path; from vigil.lab.lab import Lab\n"
        # Ignored by what a shell starts in the background, and by all below it.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "Lab.up(Path(sys.argv[1]), seed=6); print('open', flush=True); time.sleep(60)"
    )
    kinds = {tmp_path / "k": signal.SIGKILL, tmp_path / "c": signal.SIGINT}
    holders = {
        state: subprocess.Popen(
            [sys.executable, "-c", code, str(state)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        for state in kinds
    }
    for state, holder in holders.items():
        with holder:
            assert holder.stdout
            assert holder.stdout.readline() == b"open\n"
            holder.send_signal(kinds[state])
        assert_all_gone(state)


def test_a_shop_that_cannot_open_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    state = tmp_path / "s"

    def cut_off(line: str) -> None:
        if line.endswith("answers"):
            os.kill(pid_of(state, "vigil.lab.keeper"), signal.SIGKILL)

    with pytest.raises(LabNotReady, match="cage ended"):
        Lab.up(state, seed=1, progress=cut_off)
    assert_all_gone(state)
    assert (state / "log").is_dir(), "its logs can be read"
    assert list(prepare(state).iterdir()) == [], "the next one starts afresh"


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear me")
    with pytest.raises(LabUsage, match="not empty and not a lab"):
        Lab.up(tmp_path, seed=1)
    assert (tmp_path / "letter.txt").read_text() == "dear me"
