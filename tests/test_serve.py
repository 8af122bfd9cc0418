"""`vigil serve` as real processes: one of them on one state folder (about 6 s)."""

import fcntl
import http
import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from vigil.cli.rehearsal.process import ServeProcess, free_port
from vigil.domain.errors import PortUnavailable

CATALOGUE = """\
version: 1
environment: lab
services:
  web:
    kind: web-application
    probes:
      page: {kind: tcp, host: 127.0.0.1, port: 9}
"""
PATIENCE_S = 30.0


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "vigil.yaml"
    file.write_text(CATALOGUE)
    return file


@pytest.fixture
def first(tmp_path: Path, config: Path) -> Iterator[ServeProcess]:
    """A Vigil that answers; its own output is kept in its log."""
    process = ServeProcess(tmp_path / "state", free_port())
    process.start(config)
    try:
        wait_until_it_answers(process)
        yield process
    finally:
        process.stop()


def wait_until_it_answers(process: ServeProcess) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            process.client.status("/health")
        except PortUnavailable:
            assert time.monotonic() < deadline, process.log.read_text()
            time.sleep(0.05)
        else:
            return


def serve(state: Path, config: Path, **further: str) -> subprocess.CompletedProcess[str]:
    """Another Vigil on this state, on a port that is free, until it ends by itself."""
    return subprocess.run(
        [sys.executable, "-m", "vigil", "serve"],
        env={
            "PATH": os.defpath,
            "HOME": str(state),
            "VIGIL_STATE_DIR": str(state),
            "VIGIL_CONFIG": str(config),
            "VIGIL_PORT": str(free_port()),
            **further,
        },
        cwd=config.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


def test_a_second_vigil_on_the_same_state_ends_at_once_and_the_first_goes_on(
    first: ServeProcess, config: Path
) -> None:
    second = serve(first.state, config)
    assert second.returncode == 1, second.stderr
    assert f"another Vigil runs on {first.state}" in second.stderr
    assert "VIGIL_STATE_DIR" in second.stderr
    assert "Traceback" not in second.stderr
    assert first.client.status("/health")[0] == 200


def test_a_second_vigil_on_the_same_record_ends_whatever_its_state_is(
    first: ServeProcess, config: Path, tmp_path: Path
) -> None:
    record = f"sqlite:///{first.state / 'vigil.sqlite'}"
    second = serve(tmp_path / "other", config, VIGIL_DATABASE_URL=record)
    assert second.returncode == 1, second.stderr
    assert f"another Vigil works on {first.state / 'vigil.sqlite'}" in second.stderr
    assert "PostgreSQL" in second.stderr
    assert first.client.status("/health")[0] == 200


def test_a_database_that_does_not_answer_is_told_and_its_password_is_not(
    config: Path, tmp_path: Path
) -> None:
    url = f"postgresql://vigil:hunter2@127.0.0.1:{free_port()}/vigil"
    only = serve(tmp_path / "state", config, VIGIL_DATABASE_URL=url)
    assert only.returncode == 1, only.stderr
    assert "check that the server runs" in only.stderr
    assert "Traceback" not in only.stderr
    assert "hunter2" not in only.stdout + only.stderr


def test_it_ends_before_it_touches_anything(tmp_path: Path, config: Path) -> None:
    """Somebody holds the state, and nothing else is there: no database, key or token is made."""
    state = tmp_path / "state"
    state.mkdir()
    with (state / "serve.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = serve(state, config)
    assert second.returncode == 1, second.stderr
    assert "another Vigil runs on" in second.stderr
    assert "token" not in second.stderr
    assert [file.name for file in state.iterdir()] == ["serve.lock"]


def test_the_console_has_a_host_name_of_its_own(first: ServeProcess) -> None:
    own = f"vigil.localhost:{first.port}"
    assert f"http://{own}/" in first.log.read_text()
    assert status(first, own) == http.HTTPStatus.OK
    assert status(first, f"other.localhost:{first.port}") == http.HTTPStatus.MISDIRECTED_REQUEST


def status(process: ServeProcess, host: str) -> int:
    """What is answered to whoever comes by this name."""
    connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=PATIENCE_S)
    try:
        connection.request("GET", "/", headers={"Host": host, "Accept": "text/html"})
        return connection.getresponse().status
    finally:
        connection.close()
