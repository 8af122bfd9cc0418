"""Process 1 of a container: starts the script, and ends everything in it, whatever happens outside.

This file is put into the container as it stands and runs there with a bare interpreter, so it
imports the standard library only. It ends the container when the script has ended, when the runner
says so or is gone (its end of standard input closes with it), and when the time is over that it was
given, engine and runner or not. The kernel lets no process of the container's send it a signal that
would end or stop it. Its last act is to say on standard error, which the script does not have, how
the script ended and what the container used.

usage: first.py SECONDS COMMAND...
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import sys
import time
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
SET_DUMPABLE = 4
BURIAL_S = 2.0
NS_PER_S, US_PER_S = 1_000_000_000, 1_000_000
ENVIRONMENT = ("PATH", "HOME", "LC_ALL")


def start(command: list[str]) -> int:
    """Start the script with nothing on standard input; its errors go where its output goes."""
    return os.posix_spawn(
        command[0],
        command,
        {name: os.environ[name] for name in ENVIRONMENT},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
        # What Python ignores would stay ignored.
        setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],
    )


def buried(script: int) -> int | None:
    """Bury whoever has died; the script's exit code if it was among them."""
    code = None
    with contextlib.suppress(ChildProcessError):
        while (dead := os.waitpid(-1, os.WNOHANG))[0]:
            if dead[0] == script:
                ended = os.waitstatus_to_exitcode(dead[1])
                code = ended if ended >= 0 else 128 - ended
    return code


def until_its_end(script: int, woken: int, seconds: float) -> int | None:
    """Wait for the script; None when it was cut off."""
    end = time.monotonic() + seconds
    while True:
        ready, _, _ = select.select([0, woken], [], [], max(0.0, end - time.monotonic()))
        if woken in ready:
            os.read(woken, 512)
            if (code := buried(script)) is not None:
                return code
        elif not ready or 0 in ready:
            return None


def end_all() -> None:
    """Kill everything else in the container; who forks meanwhile falls in the next round."""
    end = time.monotonic() + BURIAL_S
    while time.monotonic() < end:
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.001)
        except ChildProcessError:
            return


def number(*files: str) -> int | None:
    """What the first of these files says that is there."""
    for file in files:
        with contextlib.suppress(OSError, ValueError):
            return int((GROUPS / file).read_text(encoding="ascii"))
    return None


def entry(file: str, name: str) -> int | None:
    """A line ``name value`` of such a file."""
    with contextlib.suppress(OSError, ValueError):
        for line in (GROUPS / file).read_text(encoding="ascii").splitlines():
            key, _, value = line.partition(" ")
            if key == name:
                return int(value)
    return None


def cpu_seconds() -> float | None:
    """Of the whole container."""
    spent_ns = number("cpuacct/cpuacct.usage", "cpu,cpuacct/cpuacct.usage")
    if spent_ns is not None:
        return spent_ns / NS_PER_S
    spent_us = entry("cpu.stat", "usage_usec")
    return None if spent_us is None else spent_us / US_PER_S


def report(code: int | None) -> dict[str, float | None]:
    """How the script ended, and what the container's control groups (1 or 2) have counted."""
    killed = entry("memory/memory.oom_control", "oom_kill")
    return {
        "code": code,
        "out_of_memory": killed if killed is not None else entry("memory.events", "oom_kill"),
        "memory_bytes": number(
            "memory/memory.memsw.max_usage_in_bytes",
            "memory/memory.max_usage_in_bytes",
            "memory.peak",
        ),
        "processes": number("pids/pids.peak", "pids.peak"),
        "cpu_s": cpu_seconds(),
    }


def main() -> int:
    """Run the script; its exit code, or 128 + 9 when it was cut off."""
    if os.getpid() != 1:
        sys.exit("not process 1: what it ends would be somebody else's")
    # Nobody in here may look into this process, which is the same user, or open what it has open.
    ctypes.CDLL(None).prctl(SET_DUMPABLE, 0, 0, 0, 0)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(wake)
    code = until_its_end(start(sys.argv[2:]), woken, float(sys.argv[1]))
    end_all()
    sys.stderr.write(json.dumps(report(code)))
    return code if code is not None else 128 + signal.SIGKILL


if __name__ == "__main__":
    sys.exit(main())
