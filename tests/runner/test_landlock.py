"""Landlock as a second wall: alone, and behind a hole in the first one."""

import asyncio
import os
import subprocess
from pathlib import Path

import pytest

from vigil.runner import inner, landlock
from vigil.runner.bubblewrap import sandbox
from vigil.runner.bubblewrap.command import command
from vigil.runner.bubblewrap.sandbox import Bubblewrap
from vigil.runner.confinement import Confinement, Doors
from vigil.runner.isolation import End, Ended, Script
from vigil.runner.landlock import Access, Allowed, walled
from vigil.runner.sockets import listening

pytestmark = pytest.mark.skipif(not landlock.used(), reason=landlock.told())
SECRET = "hunter2-behind-the-hole"


def run(version: int, folder: Path, script: str) -> "subprocess.CompletedProcess[str]":
    allowed = (
        Allowed(path="/usr", access=Access.RUN),
        Allowed(path="/proc", access=Access.READ),
        Allowed(path="/dev/null", access=Access.DEVICE),
        Allowed(path=str(folder), access=Access.ALL),
    )
    words = [*walled(allowed, version), "/bin/bash", "-c", script]
    return subprocess.run(
        ["setpriv", "--no-new-privs", *words], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("version", range(1, landlock.abi() + 2))
def test_every_version_that_this_kernel_speaks(version: int, tmp_path: Path) -> None:
    """A kernel speaks all that came before its own; what is newer than we know is left alone."""
    own, other = tmp_path / "own", tmp_path / "other"
    own.mkdir()
    other.write_text(SECRET)
    tried = run(
        min(version, landlock.abi()),
        own,
        f"cat {other} /etc/shadow; echo x > {tmp_path}/new; echo ok > {own}/new; cat {own}/new; "
        f"ln {own}/new {tmp_path}/hard; mv {own}/new {tmp_path}/moved; ls / >/dev/null && echo end",
    )
    assert tried.stdout == "ok\nend\n", tried.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "own"]


def test_signals_stay_inside(tmp_path: Path) -> None:
    if landlock.used() < landlock.SCOPES_SINCE:
        pytest.skip(f"{landlock.told()} knows no signals")
    tried = run(landlock.used(), tmp_path, "kill -0 $PPID || (sleep 9 & kill $! && echo own)")
    assert tried.stdout == "own\n"


def test_a_wall_that_cannot_be_built_lets_nothing_begin(tmp_path: Path) -> None:
    tried = run(landlock.used(), tmp_path / "missing", "echo LEAK")
    assert tried.returncode != 0
    assert tried.stdout == ""
    assert f"no Landlock: {tmp_path}/missing" in tried.stderr


def test_without_landlock_nothing_stands_before_a_command() -> None:
    assert walled((), 0) == []


@pytest.mark.parametrize("walled_in", [True, False])
async def test_a_hole_in_the_first_wall(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, walled_in: bool
) -> None:
    """A file of the host's is bound into the sandbox, as by a mistake; the wall keeps it shut."""
    planted = tmp_path / "planted"
    planted.write_text(SECRET)
    planted.chmod(0o644)

    def holed(*arguments: object) -> list[str]:
        words = command(*arguments)  # type: ignore[arg-type] # handed on as they come
        at = words.index("--remount-ro", words.index("/vigil"))
        return [*words[:at], "--ro-bind", str(planted), "/planted", *words[at:]]

    monkeypatch.setattr(sandbox, "command", holed)
    if not walled_in:
        monkeypatch.setattr(inner, "used", lambda: 0)
    ended = await _ran(tmp_path, "cat /planted || true; ls /")
    assert "planted" in ended.output.split()
    assert (SECRET not in ended.output) is walled_in
    assert ("Permission denied" in ended.output) is walled_in


async def _ran(state: Path, text: str) -> Ended:
    # As the test's own user, so that only the two walls stand before the file.
    made = Bubblewrap(Doors(state / "runs"))
    own = Confinement(uid=os.geteuid(), gives_up_root=False)
    with made.doors.folder(own) as folder, listening(folder / "broker.sock"):
        script = Script(text=text, wall_s=20.0, broker=folder / "broker.sock", confinement=own)
        ended = await made.run(script, lambda _: None, asyncio.Event())
    assert ended.end is End.EXITED
    return ended
