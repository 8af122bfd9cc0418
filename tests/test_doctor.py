"""What `vigil doctor` says of the state folder and of backups (below 3 s)."""

from pathlib import Path

import pytest
from tests.support.record import open_record

from vigil.bootstrap import check_timelines, known_backup, take_backup
from vigil.cli import doctor
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
