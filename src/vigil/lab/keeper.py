"""Holds one lab's cage: `python -m vigil.lab.keeper STATE [--leash | --detach] [--hours N]`.

The cage dies with the keeper, also when that is killed, and the keeper ends when the cage does. On
a leash it also ends when its standard input is closed, which the kernel does for whoever started
it, however that process ended. It sits in a session of its own, so a Ctrl-C at the terminal reaches
the one who started it and not the database. A forgotten lab ends after some hours.
"""

import argparse
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import BinaryIO

from vigil.lab import cage
from vigil.lab.config import Paths
from vigil.lab.errors import LabError
from vigil.lab.proc import identity

MOST_HOURS = 12.0
DETACH_S = 10.0


def start_on_leash(state: Path) -> subprocess.Popen[bytes]:
    """Start a keeper; the lab ends when the returned process or its standard input does."""
    with _log(state) as log:
        return subprocess.Popen(  # noqa: S603 - our own module, our own arguments
            [*_command(state), "--leash"],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=state,
            env=cage.environment(state),
            start_new_session=True,
        )


def start_detached(state: Path) -> None:
    """Start a keeper that is nobody's child; it has said who it is when this returns."""
    with _log(state) as log:
        started = subprocess.run(  # noqa: S603 - our own module, our own arguments
            [*_command(state), "--detach"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=state,
            env=cage.environment(state),
            start_new_session=True,
            timeout=DETACH_S,
            check=False,
        )
    if started.returncode != 0:
        raise LabError(f"the keeper of {state} did not start: see {_log_path(state)}")


def _command(state: Path) -> list[str]:
    return [sys.executable, "-m", "vigil.lab.keeper", str(state)]


def _log_path(state: Path) -> Path:
    return Paths(state).logs / "keeper.log"


def _log(state: Path) -> BinaryIO:
    return _log_path(state).open("ab")


def detach(state: Path) -> None:
    """Go on as an orphan; the parent leaves once the keeper's file is there, or the child died."""
    child = os.fork()
    if child == 0:
        return
    while not Paths(state).keeper.exists():
        ended, _ = os.waitpid(child, os.WNOHANG)
        if ended:
            os._exit(1)
        time.sleep(0.01)
    os._exit(0)


def hold(state: Path, *, leash: bool, hours: float) -> int:
    """Start the cage and stay until it, the leash or the time ends."""
    stop_reader, stop_writer = os.pipe()
    os.set_blocking(stop_writer, False)
    signal.set_wakeup_fd(stop_writer)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    held = subprocess.Popen(cage.command(state), stdin=subprocess.DEVNULL)  # noqa: S603 - see cage.command
    try:
        me = identity(os.getpid())
        if me is None:
            return 1
        files = Paths(state)
        written = files.keeper.with_suffix(".new")
        written.write_text(me.model_dump_json())
        written.replace(files.keeper)
        watched = [stop_reader, *([sys.stdin.fileno()] if leash else [])]
        # One wake-up is enough: it is a signal to end, the cage's own end, or the leash let go.
        select.select(watched, [], [], hours * 3600)
    finally:
        held.kill()
        held.wait()
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="vigil.lab.keeper", description="Holds one lab's cage.")
    parser.add_argument("state", type=Path)
    parser.add_argument("--leash", action="store_true", help="end when standard input is closed")
    parser.add_argument("--hours", type=float, default=MOST_HOURS, help="end after this long")
    parser.add_argument("--detach", action="store_true", help="be nobody's child")
    given = parser.parse_args()
    if given.detach:
        detach(given.state)
    return hold(given.state, leash=given.leash, hours=given.hours)


if __name__ == "__main__":
    sys.exit(main())
