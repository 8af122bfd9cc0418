"""`vigil serve` and `vigil worker` as real processes on one record (about 10 s)."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support.programs import wait_until
from tests.support.record import open_record

from vigil.cli.rehearsal.process import ServeProcess, free_port
from vigil.cli.worker import folder_of_its_own
from vigil.domain.errors import PortUnavailable
from vigil.domain.switch import SwitchState
from vigil.integrations._clients.database import open_engine
from vigil.integrations.switch.embedded import FileSwitch
from vigil.integrations.switch.shared import SharedSwitch

CATALOGUE = """\
version: 1
environment: lab
services:
  web:
    kind: web-application
    probes:
      page: {kind: tcp, host: 127.0.0.1, port: 9}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "vigil.yaml"
    file.write_text(CATALOGUE)
    return file


def settings(state: Path, config: Path, **further: str) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(state),
        "VIGIL_STATE_DIR": str(state),
        "VIGIL_CONFIG": str(config),
        **further,
    }


@contextmanager
def worker(environment: dict[str, str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as opened:
        process = subprocess.Popen(
            [sys.executable, "-m", "vigil", "worker"],
            env=environment,
            cwd=log.parent,
            stdout=opened,
            stderr=opened,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_on_sqlite_it_is_refused_and_touches_nothing(tmp_path: Path, config: Path) -> None:
    state = tmp_path / "state"
    done = subprocess.run(
        [sys.executable, "-m", "vigil", "worker"],
        env=settings(state, config),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 2, done.stderr
    assert "VIGIL_DATABASE_URL=postgresql://" in done.stderr
    assert "Traceback" not in done.stderr
    assert not state.exists()


def parts(serve: ServeProcess) -> dict[str, str]:
    try:
        _, body = serve.client.status("/ready")
    except PortUnavailable:
        return {}
    return {part["part"]: part["text"] for part in body["parts"]}


def test_beside_serve_it_works_stops_with_it_and_leaves(
    tmp_path: Path, config: Path, postgres_record_url: str
) -> None:
    shared = {"VIGIL_DATABASE_URL": postgres_record_url}
    serve = ServeProcess(tmp_path / "state", free_port(), shared)
    serve.start(config)
    try:
        wait_until(lambda: "serve " in parts(serve).get("workers", ""), "serve at work")
        log = tmp_path / "worker.log"
        with worker(settings(serve.state, config, **shared), log) as process:
            wait_until(lambda: "; worker " in parts(serve)["workers"], "both at work", process)
            [own] = (serve.state / "workers").iterdir()
            wait_until((own / "runner.sock").exists, "its runner", process)
            turned = "stopped: a drill"
            FileSwitch(serve.state / "switch.json").set(SwitchState(stopped=True, text="a drill"))
            wait_until(lambda: parts(serve)["switch"] == turned, "serve has stopped")
            process.terminate()
            assert process.wait(30) == 0, log.read_text()
            assert not own.exists()
            wait_until(lambda: "; worker " not in parts(serve)["workers"], "it has left")
        words = log.read_text() + serve.log.read_text()
        assert "s3cr3t" not in words
        assert "Traceback" not in words
    finally:
        serve.stop()


def test_keys_of_another_machine_are_not_made_anew(
    tmp_path: Path, config: Path, postgres_record_url: str
) -> None:
    record = open_record(tmp_path / "first", postgres_record_url)
    with record.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO incidents (id, service, symptom, severity, title, stage, attempt, "
            "opened_at, head_seq, head_hash, signed_seq) VALUES "
            "('i', 'web', 'errors', 'low', 't', 'TRIGGERED', 1, '2026-03-01', 0, '', 0)"
        )
    record.engine.dispose()
    environment = settings(tmp_path / "new", config, VIGIL_DATABASE_URL=postgres_record_url)
    with worker(environment, tmp_path / "log") as process:
        assert process.wait(30) == 2
    words = (tmp_path / "log").read_text()
    assert "copy the folder from the machine that made it" in words
    assert not (tmp_path / "new" / "keys").exists()


def test_a_stop_with_no_vigil_within_reach_is_one_for_all_machines(
    tmp_path: Path, config: Path, postgres_record_url: str
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    for url, reached in (
        (postgres_record_url, True),
        (f"postgresql://x@127.0.0.1:{free_port()}/x", False),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "vigil", "stop", "--why", "a drill"],
            env=settings(state, config, VIGIL_DATABASE_URL=url),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        assert ("Stopped on this machine. But:" in done.stderr) is not reached
        assert FileSwitch(state / "switch.json").read().text == "a drill"
    engine = open_engine(postgres_record_url)
    elsewhere = SharedSwitch(tmp_path / "elsewhere.json", engine)
    elsewhere.compare()
    engine.dispose()
    assert elsewhere.read().stopped


def test_folders_of_the_dead_go_and_those_of_the_living_stay(tmp_path: Path) -> None:
    workers = tmp_path / "workers"
    for name in ("dead", "runs-still"):
        (workers / name).mkdir(parents=True)
        (workers / name / "worker.lock").touch()
    with (workers / "runs-still" / "runner.lock").open("w") as runner:
        fcntl.flock(runner, fcntl.LOCK_EX)
        with folder_of_its_own(workers / "one") as one, folder_of_its_own(workers / "two"):
            assert one.stat().st_mode & 0o777 == 0o700
            assert {f.name for f in workers.iterdir()} == {"runs-still", "one", "two"}
        assert {f.name for f in workers.iterdir()} == {"runs-still"}
