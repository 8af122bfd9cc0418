"""Scripts that try to get out. Each was let through by somebody; the sandbox has to hold.

Every script prints LEAK when it got somewhere.
"""

import asyncio
import os
import socket
import time
from pathlib import Path

import pytest
from tests.runner.bench import SECRET, Bench, host_processes

from vigil.domain.plan import ActionStatus
from vigil.runner.bubblewrap import interpreter
from vigil.runner.confinement import Doors, choices
from vigil.runner.limits import MAX_CALLS_PER_RUN, Limits

PYTHON = f"{interpreter().program} -I -S"
# Another for each test process, as several may run at once.
MARK = f"sleep {90_000_000 + os.getpid()}"


def left_behind(bench: Bench) -> list[Path]:
    doors = Doors(bench.state / "runs")
    groups = [
        group
        for controller in ("pids", "memory")
        for group in Path("/sys/fs/cgroup", controller).glob(f"**/{doors.prefix}*")
    ]
    return [*groups, *(left for choice in choices() for left in doors.left(choice))]


async def test_to_the_host_a_script_is_never_root(shared: Bench) -> None:
    run = asyncio.create_task(shared.do(f"{MARK}", timeout_s=1.0))
    await asyncio.sleep(0.5)
    owners = [uid for uid, words in host_processes() if words.startswith(MARK)]
    await run
    assert owners == [choices()[0].uid]
    assert owners != [0]


async def test_no_environment_of_the_runner(shared: Bench) -> None:
    result = await shared.do("env; for f in /proc/[0-9]*/environ; do tr '\\0' '\\n' < $f; done")
    assert SECRET not in result.output
    assert "PLANTED" not in result.output
    names = {line.partition("=")[0] for line in result.output.splitlines()}
    assert names <= {"PATH", "HOME", "PWD", "SHLVL", "LC_ALL", "_", "JOIN"}


async def test_no_network(shared: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        port = server.getsockname()[1]
        result = await shared.do(
            f"(exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null && echo LEAK tcp\n"
            f"{PYTHON} -c 'import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)'"
            " 2>/dev/null && echo LEAK netlink\n"
            "cat /proc/net/dev; echo end"
        )
        with pytest.raises(BlockingIOError):
            server.accept()
    assert "LEAK" not in result.output
    assert "end" in result.output
    interfaces = [line for line in result.output.splitlines() if line.count(":") == 1]
    assert [line.split(":")[0].strip() for line in interfaces] == ["lo"]


async def test_nothing_of_the_host_is_there(shared: Bench) -> None:
    paths = [
        "/etc/shadow",
        "/etc/passwd",
        "/root",
        "/home",
        "/var",
        "/run",
        str(shared.supervised.socket),
        str(shared.link),
        str(shared.releases),
        str(shared.state / "runner.sock"),
        str(shared.state / "runner.sqlite"),
    ]
    shown = Path(*Path(interpreter().folder or "/usr").parts[:2])
    hidden = [path for path in paths if not Path(path).is_relative_to(shown)]
    checks = "\n".join(f"if [ -e '{path}' ]; then echo LEAK {path}; fi" for path in hidden)
    result = await shared.do(f"{checks}\necho end")
    assert result.output == "end"


@pytest.mark.parametrize(
    "path",
    [
        "/usr/bin/x",
        "/x",
        "/vigil/x",
        "/vigil/script",
        "/dev/x",
        "/proc/sys/kernel/core_pattern",
        "/proc/sys/kernel/hostname",
        "/proc/sysrq-trigger",
    ],
)
async def test_nothing_can_be_written(shared: Bench, path: str) -> None:
    # Opening is what is refused; nothing is written, so that a hole here does no harm.
    result = await shared.do(f"if (: >> {path}) 2>/dev/null; then echo LEAK; fi; echo end")
    assert result.output == "end"


async def test_no_privilege_can_be_had(shared: Bench) -> None:
    result = await shared.do(
        "(unshare -Ur true) 2>/dev/null && echo LEAK unshare\n"
        "(mount -t tmpfs none /tmp) 2>/dev/null && echo LEAK mount\n"
        "(chroot / true) 2>/dev/null && echo LEAK chroot\n"
        "id -u; grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status"
    )
    words = result.output.split()
    assert "LEAK" not in words
    assert words == ["65534", "CapEff:", "0" * 16, "NoNewPrivs:", "1", "Seccomp:", "2"]


async def test_fork_bomb(shared: Bench) -> None:
    started = time.monotonic()
    result = await shared.do(f"b() {{ {MARK} & b | b & }}; b; wait; sleep 60", timeout_s=1.5)
    assert result.status in {ActionStatus.TIMED_OUT, ActionStatus.FAILED}
    assert time.monotonic() - started < 10
    assert not any(MARK in words for _, words in host_processes())


async def test_memory_bomb(shared: Bench) -> None:
    result = await shared.do("head -c 2G /dev/zero | tail; echo LEAK")
    assert result.status is ActionStatus.FAILED
    assert "LEAK" not in result.output


@pytest.mark.parametrize("folder", ["/tmp", "/dev/shm"])
async def test_filling_a_folder(shared: Bench, folder: str) -> None:
    fill = f"for n in 1 2 3 4; do head -c 8M /dev/zero > {folder}/$n || exit 3; done; echo LEAK"
    result = await shared.do(fill)
    assert (result.status, result.exit_code) == (ActionStatus.FAILED, 3)
    assert "LEAK" not in result.output


async def test_endless_output(shared: Bench) -> None:
    lines: list[str] = []
    order = shared.order("(yes $(printf 'x%.0s' {1..80}) || true) | head -c 30M; echo; echo last")
    result = await shared.run(order, lines)
    limits = Limits()
    assert len(lines) <= limits.streamed_lines + 1
    assert len(result.output) < limits.tail_chars + 200
    assert result.output.endswith("last")
    assert "left out" in result.output


async def test_one_endless_line(shared: Bench) -> None:
    result = await shared.do("head -c 20M /dev/zero | tr '\\0' x; echo; echo last")
    assert result.output.endswith("last")
    assert len(result.output) < Limits().line_chars + 100


async def test_terminal_sequences_are_removed(shared: Bench) -> None:
    result = await shared.do(r"printf 'a\033[2Jb\033]0;title\007c\rd\n'")
    assert result.output == "abc d"


async def test_secrets_and_terminal_sequences_that_it_prints(shared: Bench) -> None:
    script = r"printf '\033]52;c;Y2xpcA==\033\\DB_PASSWORD=hunter2 \033]0;title\007 ready\n'"
    lines: list[str] = []
    result = await shared.run(shared.order(script), lines)
    assert result.output == "DB_PASSWORD=***  ready"
    assert lines == [result.output], "who reads along sees no more than the record"
    kept = b"".join(file.read_bytes() for file in shared.state.glob("runner.sqlite*"))
    assert b"DB_PASSWORD=***" in kept
    assert b"DB_PASSWORD=hunter2" not in kept


async def test_ignoring_signals_and_hiding_as_a_daemon(shared: Bench) -> None:
    started = time.monotonic()
    result = await shared.do(
        f"trap '' TERM INT HUP; setsid {MARK} >/dev/null 2>&1 & disown; while :; do sleep 1; done",
        timeout_s=1.5,
    )
    assert result.status is ActionStatus.TIMED_OUT
    assert time.monotonic() - started < 6
    assert not any(MARK in words for _, words in host_processes())


async def test_a_daemon_does_not_outlive_its_script(shared: Bench) -> None:
    result = await shared.do(f"setsid {MARK} >/dev/null 2>&1 & disown; echo end")
    assert result.output == "end"
    assert not any(MARK in words for _, words in host_processes())


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("process.restart restart web-1", "does not contain this call"),
        ("process.restart restart other", "does not contain this call"),
        ("process.restart release web-1", "does not contain this call"),
        ("process.stop restart web-1", "does not contain this call"),
        ("release.switch release $ONE", "does not contain this call"),
    ],
)
async def test_calls_that_nobody_judged(shared: Bench, call: str, reason: str) -> None:
    before = shared.supervised.starts("web-1"), shared.supervised.starts("other")
    hidden = f"ONE={shared.digests['one']}; x=vigil-do; $x {call} || echo exit $?"
    result = await shared.do(hidden)
    assert result.status is ActionStatus.FAILED  # though the script itself ended with 0
    assert result.exit_code == 0
    assert "exit 77" in result.output
    assert [c.allowed for c in result.calls] == [False]
    assert reason in result.calls[0].result
    assert (shared.supervised.starts("web-1"), shared.supervised.starts("other")) == before
    assert shared.current == "two"


async def test_a_judged_call_is_good_for_one_time(shared: Bench) -> None:
    script = f'{shared.to("two")}\nbash -c "{shared.to("two")}"'
    result = await shared.do(script)
    assert [c.allowed for c in result.calls] == [True, False]
    assert "1 times, not more" in result.calls[1].result
    assert (result.status, result.exit_code) == (ActionStatus.FAILED, 77)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("process.restart restart other", "does not cover 'other'"),
        ("process.restart release web-1", "is for release.switch"),
        ("process.restart nosuch web-1", "no grant 'nosuch'"),
        (f"release.switch release sha256:{'0' * 64}", "no release below"),
    ],
)
async def test_judged_calls_outside_the_grants(shared: Bench, call: str, reason: str) -> None:
    before = shared.supervised.starts("other")
    result = await shared.do(f"vigil-do {call}")
    assert (result.status, result.exit_code) == (ActionStatus.FAILED, 77)
    assert [c.allowed for c in result.calls] == [False]
    assert reason in result.calls[0].result
    assert shared.supervised.starts("other") == before
    assert shared.current == "two"


async def test_garbage_at_the_broker(shared: Bench) -> None:
    knock = (
        "import socket, sys\n"
        "for line in (b'', b'\\n', b'{}\\n', b'[1]\\n', b'\\xff\\xfe\\n', b'x' * 1000000,\n"
        '  b\'{\\"verb\\": 1, \\"grant\\": [], \\"arguments\\": null}\\n\'):\n'
        "    s = socket.socket(socket.AF_UNIX); s.connect('/vigil/broker.sock')\n"
        "    try:\n"
        "        s.sendall(line); s.shutdown(1); print(s.makefile().readline().strip())\n"
        "    except OSError as error: print('closed', error)\n"
    )
    script = f"{PYTHON} <<'X'\n{knock}X\n{shared.to('two')}"
    result = await shared.do(script)
    assert result.status is ActionStatus.FAILED
    assert [c.allowed for c in result.calls].count(True) <= 1
    assert sum("not a call" in c.result for c in result.calls) >= 6
    assert (await shared.sandbox.health()).ok


async def test_knocking_without_end(shared: Bench) -> None:
    """By a program that asks as fast as it is answered."""
    knock = (
        "import json, socket\n"
        "call = json.dumps({'verb': 'a', 'grant': 'b', 'arguments': ['c']}).encode() + b'\\n'\n"
        "while True:\n"
        "    s = socket.socket(socket.AF_UNIX); s.connect('/vigil/broker.sock')\n"
        "    s.sendall(call); s.makefile().readline(); s.close()\n"
    )
    result = await shared.do(f"{PYTHON} <<'X'\n{knock}X", timeout_s=3.0)
    assert result.status is ActionStatus.TIMED_OUT
    assert len(result.calls) == MAX_CALLS_PER_RUN + 1
    assert "no further one is logged" in result.calls[-1].result
    log = shared.log.read_text()
    assert log.count("no further one is logged") == 1
    assert not any("no further" in call.result for call in result.calls[:-1])


async def test_many_open_connections(shared: Bench) -> None:
    hold = (
        "import socket, time; held = [socket.socket(socket.AF_UNIX) for _ in range(60)]; "
        "[one.connect('/vigil/broker.sock') for one in held]; time.sleep(0.5)"
    )
    script = f'{PYTHON} -c "{hold}"; echo end'
    result = await shared.do(script)
    assert result.output.endswith("end")
    assert (await shared.do("true")).status is ActionStatus.SUCCEEDED


async def test_runs_do_not_see_each_other(shared: Bench) -> None:
    look = "find / -xdev -type s 2>/dev/null; find /vigil /tmp | sort; ps -e | wc -l; sleep 0.3"
    one, two = await asyncio.gather(shared.do(look), shared.do(look))
    assert one.output == two.output
    sockets = [line for line in one.output.splitlines() if line.endswith(".sock")]
    assert set(sockets) == {"/vigil/broker.sock"}


async def test_nothing_is_left_of_a_run(shared: Bench) -> None:
    await shared.do("echo x > /tmp/x; sleep 0.1")
    assert left_behind(shared) == []
