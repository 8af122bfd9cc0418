"""Scripts that try to use up the host, against every adapter and as either user.

Each says how much it got before it was stopped, and that has to be within what it may have.
"""

import re
import time

import pytest
from tests.runner.bench import running, wait_until
from tests.runner.hosts import Attacked, Host
from tests.runner.test_attacks import mark, python

from vigil.runner.bubblewrap.cgroup_places import OWN_PROCESSES
from vigil.runner.isolation import End
from vigil.runner.limits import MIB, Limits


def got(result: Attacked) -> int:
    """The sum of what each line says that it got."""
    return sum(
        int(number) for number in re.findall(r"^got (\d+)$", "\n".join(result.lines), re.MULTILINE)
    )


def test_fork_bomb(host: Host) -> None:
    words = mark()
    bomb = f"b() {{ {words} & b | b & }}; b; wait; sleep 60"
    run = host.begin(bomb, wall_s=2.0)
    most = 0
    while not run.done():
        most = max(most, len(running(words)))
        time.sleep(0.05)
    result = run.result()
    assert result.ended.end in {End.TIMED_OUT, End.EXITED}
    assert result.ended.exit_code != 0
    assert 1 < most <= host.limits.processes
    counted = result.ended.peak.processes
    if counted is not None:  # kernels before 6.1 do not say
        assert most <= counted <= host.limits.processes + OWN_PROCESSES
    assert running(words) == []


def test_many_sleeping_processes(host: Host) -> None:
    """As many as can be had, counted from outside."""
    words = mark()
    script = f"for n in $(seq 200); do {words} & done 2>/dev/null; wait"
    run = host.begin(script)
    wait_until(lambda: len(running(words)) > host.limits.processes // 2 or run.done())
    time.sleep(0.2)
    assert host.limits.processes // 2 < len(running(words)) <= host.limits.processes
    run.kill()
    assert run.result().ended.end is End.KILLED
    assert running(words) == []


EATING = """
held = []
for n in range(4096):
    try: held.append(bytearray(os.urandom(1) * 1048576))
    except MemoryError: break
    os.write(1, b'got 1\\n')
"""


def test_memory_bomb(host: Host) -> None:
    result = host.do(f"{python(EATING)}sleep 0.1; exit 7")
    assert got(result) > 0
    limits = host.limits
    if host.grouped:
        assert result.ended.end is End.OUT_OF_MEMORY, result.ended
        assert result.ended.exit_code is None
        peak = result.ended.peak.memory_bytes
        assert peak is not None
        assert limits.memory_bytes // 2 < peak <= limits.memory_bytes
    else:
        assert result.ended.exit_code == 7, "it heard of it, and went on"
        assert result.ended.peak.memory_bytes is None
        assert got(result) * MIB <= limits.address_space_bytes


def test_memory_bomb_of_many_processes(host: Host) -> None:
    """What no limit of a process counts: that there are many."""
    eat = EATING.replace("4096", "60")
    result = host.do(
        python(f"children = [os.fork() for n in range(5)]\n{eat}\nimport time; time.sleep(0.4)")
        + "exit 0"
    )
    limits = host.limits
    if host.grouped:
        peak = result.ended.peak.memory_bytes
        assert peak is not None
        assert peak <= limits.memory_bytes
        assert got(result) * MIB < 32 * 60 * MIB, "some were killed before they had it all"
    else:
        assert got(result) * MIB <= limits.whole_bytes


def test_memory_that_no_process_has_mapped(host: Host) -> None:
    """Files in memory would not count as anybody's address space."""
    result = host.do(
        python(
            "for n in range(64):\n"
            "    try: made = os.memfd_create('x')\n"
            "    except OSError as refused: print(errno.errorcode[refused.errno]); break\n"
            "    os.write(made, bytes(8 * 1048576)); print('got', 8)\n"
            "segment = libc.shmget(0, 64 * 1048576, 0o1600)\n"
            "print('got', 64 if segment >= 0 else 0)\n"
        )
    )
    assert got(result) == 0
    assert "EPERM" in result.output


@pytest.mark.parametrize(("folder", "limit"), [("/tmp", "tmp_bytes"), ("/dev/shm", "shm_bytes")])
def test_filling_a_folder(host: Host, folder: str, limit: str) -> None:
    most = int(getattr(Limits(), limit)) // MIB
    result = host.do(
        f"for n in $(seq 64); do head -c 1M /dev/zero > {folder}/$n 2>/dev/null || break; "
        "echo got 1; done; rm -f /tmp/* /dev/shm/*; exit 3"
    )
    assert result.ended.exit_code == 3
    assert most // 2 <= got(result) <= most


def test_one_large_file(host: Host) -> None:
    result = host.do("head -c 1G /dev/zero > /tmp/x || true; stat -c 'got %s' /tmp/x")
    assert 0 < got(result) <= Limits().file_bytes


def test_a_sparse_file(host: Host) -> None:
    result = host.do("truncate -s 1T /tmp/x 2>/dev/null || true; stat -c 'got %s' /tmp/x || true")
    assert got(result) <= Limits().file_bytes


def test_many_empty_files(host: Host) -> None:
    """They have no size, and cost the kernel memory."""
    if not host.grouped:
        pytest.skip("without a control group only the kernel's own bound of a file system holds")
    result = host.do(
        python(
            "for n in range(2_000_000):\n"
            "    if n % 1000 == 0: os.mkdir(f'/tmp/{n}'); os.chdir(f'/tmp/{n}')\n"
            "    os.close(os.open(str(n), os.O_CREAT | os.O_WRONLY))\n"
        ),
        wall_s=4.0,
    )
    assert result.ended.end in {End.OUT_OF_MEMORY, End.TIMED_OUT, End.EXITED}
    peak = result.ended.peak.memory_bytes
    assert peak is not None
    assert 8 * MIB < peak <= host.limits.memory_bytes


def test_spinning(host: Host) -> None:
    """On every processor at once."""
    wall_s = 2.0
    spin = "while :; do :; done"
    result = host.do(f"for n in 1 2 3; do ({spin}) & done; {spin}", wall_s=wall_s)
    assert result.ended.end is End.TIMED_OUT
    assert result.ended.seconds >= wall_s
    cpu_s = result.ended.peak.cpu_s
    if host.grouped:
        assert cpu_s is not None
        # The last period may be used up in full before the kernel looks again.
        assert 0 < cpu_s <= result.ended.seconds * Limits().cpus * 1.25 + 0.3
    else:
        assert cpu_s is None


def test_many_open_files(host: Host) -> None:
    result = host.do(
        python(
            "held = []\n"
            "try:\n"
            "    while True: held.append(os.open('/dev/null', os.O_RDONLY))\n"
            "except OSError as refused: print(errno.errorcode[refused.errno])\n"
            "print('got', len(held))\n"
        )
    )
    assert "EMFILE" in result.output
    assert 0 < got(result) <= Limits().files


def test_output_flood(host: Host) -> None:
    result = host.do(
        "(yes $(printf 'x%.0s' {1..80}) || true) | head -c 30M; echo; echo last", wall_s=30.0
    )
    limits = Limits()
    assert len(result.lines) == limits.streamed_lines + 1
    assert len(result.output) < limits.tail_chars + 200
    assert result.output.endswith("last")
    assert "left out" in result.output


def test_one_endless_line(host: Host) -> None:
    result = host.do("head -c 20M /dev/zero | tr '\\0' x; echo; echo last")
    assert result.output.endswith("last")
    assert len(result.output) < Limits().line_chars + 100


def test_output_after_the_end(host: Host) -> None:
    """A flood that goes on while the sandbox is killed."""
    result = host.do("yes & yes & yes", wall_s=1.0)
    assert result.ended.end is End.TIMED_OUT
    assert len(result.lines) <= Limits().streamed_lines + 1
    assert result.ended.seconds < 20
