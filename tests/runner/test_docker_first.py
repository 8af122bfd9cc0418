"""Process 1 of a container, in a process namespace of its own instead of one."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.runner.bench import running, wait_until

from vigil.runner.docker import first
from vigil.runner.docker.ending import Report, read_report
from vigil.runner.limits import MIB

FIRST = str(Path(first.__file__))
NAMESPACE = (
    "unshare",
    "--user",
    "--map-root-user",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
)
ENVIRONMENT = {"PATH": os.defpath, "HOME": "/tmp", "LC_ALL": "C.UTF-8"}
MARK = f"sleep {60_000_000 + os.getpid()}"


@pytest.fixture
def namespaces() -> None:
    if subprocess.run([*NAMESPACE, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine lets no ordinary program make a process namespace")


def begun(script: str, seconds: float = 60.0) -> subprocess.Popen[bytes]:
    words = [*NAMESPACE, sys.executable, "-I", "-S", FIRST, str(seconds), "/bin/sh", "-c", script]
    pipe = subprocess.PIPE
    return subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, env=ENVIRONMENT)


def ended(process: subprocess.Popen[bytes]) -> tuple[int, str, Report]:
    """With its standard input still open, as the runner keeps it."""
    assert process.stdout is not None
    assert process.stderr is not None
    printed, said = process.stdout.read(), process.stderr.read()
    code = process.wait(10)
    process.communicate()
    return code, printed.decode(), Report.model_validate_json(said)


def alive() -> bool:
    return bool(running(MARK))


def test_it_ends_as_its_script_does_and_what_it_started_with_it(namespaces: None) -> None:
    code, printed, report = ended(begun(f"{MARK} & cat; echo out; echo err >&2; exit 7"))
    assert (code, report.code) == (7, 7)
    assert printed.splitlines() == ["out", "err"]
    assert not alive()
    assert ended(begun("kill -9 $$"))[2].code == 137


def test_what_a_script_leaves_is_buried(namespaces: None) -> None:
    orphans = "for n in 1 2 3 4 5 6 7 8; do (true &) ; done"
    # In /proc the dead stand beside the living, until they are buried: process 1 and the script.
    two_left = "until set -- /proc/[0-9]*; [ $# = 2 ]; do sleep 0.05; done"
    code, printed, _ = ended(begun(f"{orphans}; {two_left}; echo buried", seconds=20.0))
    assert (code, printed) == (0, "buried\n")


@pytest.mark.parametrize("how", ["told", "gone", "late"])
def test_it_is_cut_off(namespaces: None, how: str) -> None:
    began = time.monotonic()
    process = begun(f"trap '' TERM HUP; {MARK}", seconds=1.0 if how == "late" else 60.0)
    wait_until(alive)
    assert process.stdin is not None
    if how == "told":
        process.stdin.write(b"\n")
        process.stdin.flush()
    elif how == "gone":
        process.stdin.close()
        process.stdin = None
    code, _, report = ended(process)
    assert (code, report.code) == (137, None)
    assert not alive()
    assert time.monotonic() - began < 45


def test_it_refuses_to_be_anything_but_process_1() -> None:
    words = [sys.executable, "-I", "-S", FIRST, "1", "/bin/true"]
    refused = subprocess.run(words, check=False, capture_output=True, env=ENVIRONMENT, text=True)
    assert refused.returncode == 1
    assert "not process 1" in refused.stderr


def test_its_report_is_read_strictly() -> None:
    whole = {"code": 0, "out_of_memory": 0, "memory_bytes": 1, "processes": None, "cpu_s": 0.1}
    assert read_report(json.dumps(whole).encode()) is not None
    for wrong in ({"code": 256}, {"code": "0"}, {"memory_bytes": -1}, {"more": 1}):
        assert read_report(json.dumps({**whole, **wrong}).encode()) is None
    assert read_report(b"") is None
    assert read_report(json.dumps(whole).encode()[:-3]) is None


VERSION_1 = {
    "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
    "memory/memory.max_usage_in_bytes": "100000000\n",
    "memory/memory.memsw.max_usage_in_bytes": "134217728\n",
    "pids/pids.max": "49\n",
    "cpuacct/cpuacct.usage": "2500000000\n",
}
VERSION_2 = {
    "memory.events": "low 0\nhigh 0\nmax 9\noom 1\noom_kill 2\noom_group_kill 0\n",
    "memory.peak": "134217728\n",
    "pids.peak": "12\n",
    "cpu.stat": "usage_usec 2500000\nuser_usec 1\nsystem_usec 1\n",
}


@pytest.mark.parametrize(
    ("files", "processes"), [(VERSION_1, None), (VERSION_2, 12)], ids=["version 1", "version 2"]
)
def test_what_the_control_groups_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], processes: int | None
) -> None:
    """As the kernel documents them: no machine with version 2 was at hand."""
    monkeypatch.setattr(first, "GROUPS", tmp_path)
    nothing = dict.fromkeys(("out_of_memory", "memory_bytes", "processes", "cpu_s"))
    assert first.report(0) == {"code": 0, **nothing}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert first.report(1) == {
        "code": 1,
        "out_of_memory": 2,
        "memory_bytes": 128 * MIB,
        "processes": processes,
        "cpu_s": 2.5,
    }
