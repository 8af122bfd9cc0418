"""Docker is used where a setting says so, and nowhere else."""

from pathlib import Path

import pytest

from vigil.cli import doctor, hands
from vigil.cli.sandboxes import chosen
from vigil.domain.errors import SettingsError
from vigil.runner.bubblewrap.sandbox import Bubblewrap
from vigil.runner.confinement import Doors
from vigil.runner.docker.sandboxes import Docker
from vigil.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("VIGIL_SANDBOX", "DOCKER_HOST"):
        monkeypatch.delenv(name, raising=False)


def test_bubblewrap_unless_somebody_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    doors = Doors(tmp_path / "runs")
    # Where other tools are told to use an engine far away.
    monkeypatch.setenv("DOCKER_HOST", "tcp://10.0.0.1:2376")
    assert isinstance(chosen(load_settings())(doors), Bubblewrap)
    monkeypatch.setenv("VIGIL_SANDBOX", "docker")
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/docker.sock")
    assert isinstance(chosen(load_settings())(doors), Docker)
    assert load_settings().docker_socket == Path("/run/docker.sock")


@pytest.mark.parametrize("host", ["tcp://10.0.0.1:2376", "ssh://root@elsewhere", "unix://x", "x"])
def test_an_engine_elsewhere_is_refused(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("VIGIL_SANDBOX", "docker")
    monkeypatch.setenv("DOCKER_HOST", host)
    with pytest.raises(SettingsError, match=r"DOCKER_HOST.*unix:///PATH"):
        load_settings()


def test_another_word_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIL_SANDBOX", "podman")
    with pytest.raises(SettingsError, match=r"VIGIL_SANDBOX: .*'bubblewrap' or 'docker'"):
        load_settings()


def test_the_runner_beside_a_worker_is_told(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, vigil_sandbox="docker", docker_host="unix:///x.sock")
    environment = hands._environment(settings)
    assert environment["VIGIL_SANDBOX"] == "docker"
    assert environment["DOCKER_HOST"] == "unix:///x.sock"
    assert "VIGIL_SANDBOX" not in hands._environment(Settings(_env_file=None))


def test_the_doctor_looks_at_what_is_chosen(tmp_path: Path) -> None:
    nowhere = f"unix://{tmp_path}/docker.sock"
    found = doctor._sandbox(Settings(_env_file=None, vigil_sandbox="docker", docker_host=nowhere))
    assert not found.ok
    assert "apt-get install docker.io" in str(found.remedy)
