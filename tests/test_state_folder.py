"""The state folder is its owner's alone, and a start that cannot have one says so (2 s)."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from vigil import state_folder
from vigil.domain.errors import SettingsError

ROOT = Path(__file__).parents[1]


def test_it_is_made_for_its_owner_only_and_may_be_there_already(tmp_path: Path) -> None:
    state = tmp_path / "a" / "state"
    for _ in range(2):
        state_folder.own(state)
        assert stat.S_IMODE(state.stat().st_mode) == 0o700
        state.chmod(0o755)


def test_what_stands_in_its_way_is_told_with_the_remedy(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    for state in (in_the_way, in_the_way / "state", Path("/proc/1/state")):
        with pytest.raises(SettingsError, match=f"{state} cannot be made: .*; give it to the user"):
            state_folder.own(state)


@pytest.mark.parametrize("command", ["runner", "serve"])
def test_a_start_without_one_ends_with_a_sentence(tmp_path: Path, command: str) -> None:
    in_the_way, config = tmp_path / "file", tmp_path / "vigil.yaml"
    in_the_way.touch()
    config.write_text(
        "version: 1\nservices: {web: {probes: {up: {kind: tcp, host: 127.0.0.1, port: 1}}}}\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "vigil", command, "--config", str(config)],
        env={"VIGIL_STATE_DIR": str(in_the_way), "PATH": "/usr/bin:/bin", "VIGIL_PORT": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert f"{in_the_way} cannot be made: File exists; give it to the user" in done.stderr
