"""What `vigil doctor` says of the state folder, of backups and of the sandbox (below 5 s)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.record import open_record

from vigil.bootstrap import check_timelines, known_backup, take_backup
from vigil.cli import doctor
from vigil.domain.errors import SettingsError
from vigil.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a Vigil that has run."""
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    open_record(state).engine.dispose()
    return Settings(_env_file=None, vigil_state_dir=state)


def test_a_disk_that_is_nearly_full_is_a_finding(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert doctor._state_folder(settings.vigil_state_dir).ok
    monkeypatch.setattr(doctor, "LEAST_FREE_MB", 10**12)
    found = doctor._state_folder(settings.vigil_state_dir)
    assert not found.ok
    assert "make room" in str(found.remedy)


def test_the_age_of_the_newest_backup_is_told(settings: Settings, tmp_path: Path) -> None:
    assert known_backup(settings) == "none is known; vigil backup FILE makes one"
    take_backup(settings, tmp_path / "vigil.tar")
    assert known_backup(settings) == f"{tmp_path / 'vigil.tar'}, 0.0 days old"


def test_it_makes_no_record_where_there_is_none(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, vigil_state_dir=tmp_path / "state")
    assert check_timelines(settings) == "there is none yet"
    assert not settings.vigil_state_dir.exists()


def test_a_state_folder_that_cannot_be_made_is_a_finding_before_anything_starts(
    tmp_path: Path,
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    for state in (in_the_way, in_the_way / "state"):
        found = doctor._state_folder(state)
        assert not found.ok
        assert found.text == f"{in_the_way} is not a folder"
        assert "VIGIL_STATE_DIR" in str(found.remedy)
    assert doctor._state_folder(tmp_path / "some" / "where").ok
    assert not (tmp_path / "some").exists()


def test_a_rule_for_a_service_or_team_that_is_not_there_is_a_finding(tmp_path: Path) -> None:
    config, policy = tmp_path / "vigil.yaml", tmp_path / "policy.yaml"
    config.write_text(
        "version: 1\n"
        "services:\n"
        "  web: {team: shop, probes: {up: {kind: tcp, host: 127.0.0.1, port: 1}}}\n"
    )
    sound = "{id: a, then: ask, because: Watched., when: {services: [w*], teams: [shop]}}"
    astray = "{id: b, then: deny, because: Never., when: {services: [wbe], teams: [shop, ship]}}"
    settings = Settings(_env_file=None, vigil_config=config, vigil_policy=policy)
    policy.write_text(f"rules: [{sound}]\n")
    assert "where its rules allow it (1)" in doctor._policy(settings)
    policy.write_text(f"rules: [{sound}, {astray}]\n")
    with pytest.raises(SettingsError) as told:
        doctor._policy(settings)
    assert [each.partition(";")[0] for each in told.value.mistakes] == [
        "rule 'b': no service of the catalogue fits 'wbe'",
        "rule 'b': no team of the catalogue fits 'ship'",
    ]


def test_programs_of_the_sandbox_are_looked_for_where_it_looks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert doctor._program("setpriv", doctor.NEEDED["setpriv"]).ok
    missing = doctor._program("no-such-program", doctor.NEEDED["setpriv"])
    assert missing.text == (
        "not found; it is what ends the runner and the browser with their parent"
    )


def test_where_parts_of_proc_are_covered_it_says_how_to_uncover_them(tmp_path: Path) -> None:
    """As in a container that was started as usual."""
    covered = ("--unshare-pid", "--dev-bind", "/", "/", "--proc", "/proc")
    done = subprocess.run(
        [
            *("bwrap", *covered, "--ro-bind", "/proc/sys", "/proc/sys"),
            *(sys.executable, "-m", "vigil", "doctor", "--json"),
        ],
        env={**os.environ, "VIGIL_STATE_DIR": str(tmp_path / "state")},
        cwd=tmp_path,
        capture_output=True,
        check=False,
        timeout=60,
    )
    parts = {part["part"]: part for part in json.loads(done.stdout)["parts"]}
    assert done.returncode == 1
    assert not parts["sandbox"]["ok"]
    assert "systempaths=unconfined" in parts["sandbox"]["remedy"]
    assert "examples/vigil.yaml" in parts["catalogue"]["remedy"]
