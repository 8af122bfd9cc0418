"""Real browsers for tests, and what of them is left."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.programs import binary, running, short_folder, wait_until


@contextmanager
def chromium() -> Iterator[str]:
    """A Chromium of its own; gives the address of its CDP endpoint."""
    with short_folder() as folder:
        port_file = folder / "profile" / "DevToolsActivePort"
        command = [binary("chromium"), "--headless", "--remote-debugging-port=0"]
        command += [f"--user-data-dir={folder / 'profile'}", "--disable-gpu", "--no-first-run"]
        if os.geteuid() == 0:
            command.append("--no-sandbox")  # Chromium makes none for root
        # Else it leaves a folder in the common one, for each time that it was ended in a hurry.
        command = ["/usr/bin/env", f"TMPDIR={folder}", *command]
        with running([*command, "about:blank"], lambda: "\n" in _text(port_file)) as process:
            port, path = _text(port_file).splitlines()[:2]
            try:
                yield f"ws://127.0.0.1:{port}{path}"
            finally:
                started = descendants(process.pid)
        # They outlive it for a moment, and write into the folder.
        wait_until(lambda: not any(map(_program, started)), "the end of Chromium's processes")


def _text(file: Path) -> str:
    return file.read_text() if file.exists() else ""


def children(pid: int | None = None) -> dict[int, str]:
    """Browsers and drivers that a process started, with the programs that they run."""
    listed = Path(f"/proc/{pid or os.getpid()}/task").glob("*/children")
    numbers = [int(number) for file in listed for number in file.read_text().split()]
    named = {number: _program(number) for number in numbers}
    return {number: name for number, name in named.items() if name in {"lightpanda", "node"}}


def descendants(pid: int | None = None) -> dict[int, str]:
    """All that a process started, and what that started, with the programs that they run."""
    found: dict[int, str] = {}
    waiting = [pid or os.getpid()]
    while waiting:
        for file in Path(f"/proc/{waiting.pop()}/task").glob("*/children"):
            with suppress(OSError):  # it has ended
                started = [int(number) for number in file.read_text().split()]
                found |= {number: _program(number) for number in started}
                waiting += started
    return found


def chromium_started_by(pid: int) -> int:
    """The first process of a Chromium that Vigil started, not one for a page."""
    walls = [number for number, name in descendants(pid).items() if name == "bwrap"]
    (found,) = {
        number
        for wall in walls
        for number, name in descendants(wall).items()
        if name == "chromium" and "--type=" not in _arguments(number)
    }
    return found


def _arguments(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


def _program(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/exe").readlink().name
    except OSError:  # it has ended
        return ""
