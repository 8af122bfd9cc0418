"""Holds one lab's cage: `python -m vigil.lab.keeper STATE [--leash] [--hours N]`.

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
from pathlib import Path

from vigil.lab import cage
from vigil.lab.config import Paths
from vigil.lab.proc import identity

MOST_HOURS = 12.0


def start(state: Path, *, leash: bool, hours: float = MOST_HOURS) -> subprocess.Popen[bytes]:
    """Start a keeper; the lab dies when the returned process, or on a leash its stdin, does."""
    command = [sys.executable, "-m", "vigil.lab.keeper", str(state), "--hours", str(hours)]
    with (Paths(state).logs / "keeper.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own module, our own arguments
            [*command, "--leash"] if leash else command,
            stdin=subprocess.PIPE if leash else subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=state,
            env=cage.environment(state),
            start_new_session=True,
        )


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
    given = parser.parse_args()
    return hold(given.state, leash=given.leash, hours=given.hours)


if __name__ == "__main__":
    sys.exit(main())
