"""The promises of ``vigil.ports.commands``, kept by a real runner and sandbox (about 9 s)."""

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from tests.runner.bench import RUNNER, host_processes, wait_until
from tests.support.programs import short_folder

from vigil.domain.catalogue import Catalogue
from vigil.domain.errors import NotFound, PortUnavailable, SandboxUnavailable
from vigil.domain.probe import CommandProbe, ProbeRef
from vigil.domain.probes.command import CommandEnd
from vigil.integrations.sandbox.embedded import RunnerSandbox
from vigil.runner.server import LEDGER

MARK = "sleep 86431"
SCRIPTS = {
    "counts": "grep -c error /vigil/files/log",
    "fails": "echo checked; exit 3",
    "hangs": f"{MARK} & {MARK}",
    "net": "exec 3<>/dev/tcp/127.0.0.1/{port}",
    "calls": "timeout 0.5 vigil-do process.restart restart web",
    "writes": "echo x > /vigil/files/log || echo x > /usr/x || echo x > /etc/x",
    "hosts": "ls /root /home /var /etc 2>/dev/null | wc -l",
    "environment": "env | cut -d= -f1 | sort | tr '\\n' ' '",
}
# The kernel's own way to allow no namespace: only the runner started within is concerned.
NO_NAMESPACES = (
    *("unshare", "--user", "--map-root-user", "sh", "-c"),
    *('echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"', "sh"),
)


def catalogue(folder: Path) -> Catalogue:
    log = folder / "log"
    log.write_text("error\nfine\nerror\n")
    probes: dict[str, object] = {
        name: {"kind": "command", "script": script, "timeout_s": 2.0, "files": {"log": str(log)}}
        for name, script in SCRIPTS.items()
    }
    long = folder / "long"
    long.write_bytes(b"x" * 300_000)
    for name, path in {"none": folder / "none", "long": long, "folder": folder}.items():
        probes[name] = {"kind": "command", "script": "true", "files": {"file": str(path)}}
    probes["tcp"] = {"kind": "tcp", "host": "127.0.0.1", "port": 1}
    services = {"shop": {"probes": probes}}
    return Catalogue.model_validate({"version": 1, "services": services})


@contextmanager
def runner(folder: Path, *before: str) -> Iterator[RunnerSandbox]:
    (folder / "catalogue.json").write_text(catalogue(folder).model_dump_json())
    state = folder / "state"
    words = [*before, sys.executable, "-c", RUNNER, str(folder / "catalogue.json"), str(state)]
    with subprocess.Popen(
        words,
        env=os.environ | {"SECRET": "hunter2-of-the-runner"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            wait_until((state / "runner.sock").exists)
            yield RunnerSandbox(state / "runner.sock")
        finally:
            process.terminate()
            process.wait(15)


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed, and without a sandbox nothing runs")
    with short_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def commands(place: Path) -> Iterator[RunnerSandbox]:
    with runner(place) as started:
        yield started


async def look(commands: RunnerSandbox, probe: str) -> CommandEnd:
    return await commands.look(ProbeRef(service="shop", probe=probe))


async def test_1_it_runs_what_its_own_catalogue_has(commands: RunnerSandbox) -> None:
    end = await look(commands, "counts")
    assert (end.ended, end.exit_code, end.output) == ("exited", 0, "2")


@pytest.mark.parametrize("probe", ["strange", "tcp"])
async def test_1_and_nothing_else(commands: RunnerSandbox, probe: str) -> None:
    with pytest.raises(NotFound, match="no command probe"):
        await look(commands, probe)


async def test_2_it_changes_nothing_and_sees_nothing_of_the_machine(
    commands: RunnerSandbox, place: Path
) -> None:
    before = (place / "log").read_text()
    written = await look(commands, "writes")
    called = await look(commands, "calls")
    hosts = await look(commands, "hosts")
    environment = await look(commands, "environment")
    net = await look(commands, "net")
    assert written.exit_code not in (0, None)
    assert called.exit_code not in (0, None)
    assert net.exit_code not in (0, None)
    assert hosts.output.strip() == "0"
    assert "SECRET" not in environment.output
    assert (place / "log").read_text() == before


async def test_2_it_is_on_no_record(commands: RunnerSandbox, place: Path) -> None:
    await look(commands, "fails")
    with closing(sqlite3.connect(place / "state" / LEDGER)) as ledger:
        (runs,) = ledger.execute("select count(*) from runs").fetchone()
        (effects,) = ledger.execute("select count(*) from effects").fetchone()
    assert (runs, effects) == (0, 0)
    assert list((place / "state" / "runs").iterdir()) == []


@pytest.mark.parametrize(
    ("probe", "words"),
    [("none", "No such file"), ("long", "longer than 262144"), ("folder", "cannot be read")],
)
async def test_2_a_file_that_cannot_be_copied_is_told(
    commands: RunnerSandbox, probe: str, words: str
) -> None:
    with pytest.raises(NotFound, match=words):
        await look(commands, probe)


async def test_3_its_end_is_told_as_what_it_was(commands: RunnerSandbox) -> None:
    end = await look(commands, "fails")
    assert (end.ended, end.exit_code, end.output) == ("exited", 3, "checked")


async def test_3_it_ends_in_its_time_and_nothing_is_left(commands: RunnerSandbox) -> None:
    started = time.monotonic()
    end = await look(commands, "hangs")
    assert (end.ended, end.exit_code) == ("timed_out", None)
    assert time.monotonic() - started < CommandProbe(kind="command", script="true").timeout_s + 10
    assert not [words for _, words in host_processes() if words.startswith(MARK)]


async def test_4_without_a_safe_sandbox_nothing_runs() -> None:
    if shutil.which("unshare") is None or os.geteuid() != 0:
        pytest.skip("only root may take namespaces away from the runner alone")
    with (
        short_folder() as folder,
        runner(folder, *NO_NAMESPACES) as commands,
        pytest.raises(SandboxUnavailable),
    ):
        await look(commands, "counts")


async def test_4_who_does_not_answer_is_told(tmp_path: Path) -> None:
    with pytest.raises(PortUnavailable):
        await look(RunnerSandbox(tmp_path / "runner.sock"), "counts")
