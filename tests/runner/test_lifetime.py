"""A sandbox that was killed and does not die: nobody knows how far its script came."""

import asyncio
from pathlib import Path

import pytest

from vigil.runner.bubblewrap import lifetime
from vigil.runner.bubblewrap.lifetime import FirstProcess, Start
from vigil.runner.bubblewrap.sandbox import Bubblewrap
from vigil.runner.confinement import Doors
from vigil.runner.isolation import End, Ended, Script
from vigil.runner.sockets import listening


class Killed:
    """A sandbox whose script is killed as soon as it has said a word."""

    def __init__(self, sandboxes: Bubblewrap) -> None:
        self._sandboxes = sandboxes
        self.lines: list[str] = []

    async def ended(self, monkeypatch: pytest.MonkeyPatch, death_s: float) -> Ended:
        """How that ended, for a runner that waits so long for its death; then it is dead."""
        confinement = await self._sandboxes.passed()
        begun: list[asyncio.subprocess.Process] = []
        really = lifetime._started

        async def started(start: Start) -> asyncio.subprocess.Process:
            begun.append(await really(start))
            return begun[0]

        monkeypatch.setattr(lifetime, "_started", started)
        monkeypatch.setattr(lifetime, "_DEATH_S", death_s)
        kill = asyncio.Event()

        def heard(line: str) -> None:
            self.lines.append(line)
            kill.set()

        with self._sandboxes.doors.folder(confinement) as folder:
            broker = folder / "broker.sock"
            with listening(broker, confinement.uid):
                script = Script(
                    text="echo begun; sleep 60",
                    wall_s=30.0,
                    broker=broker,
                    confinement=confinement,
                )
                ended = await self._sandboxes.run(script, heard, kill)
        await begun[0].wait()
        return ended


@pytest.fixture
def killed(tmp_path: Path) -> Killed:
    return Killed(Bubblewrap(Doors(tmp_path / "runs")))


def assert_lost(ended: Ended) -> None:
    assert (ended.end, ended.exit_code) == (End.LOST, None)
    assert "nobody knows how far the script came" in ended.output


async def test_what_is_not_dead_in_time_is_lost(
    killed: Killed, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_lost(await killed.ended(monkeypatch, death_s=0.0))
    assert killed.lines == ["begun"]


async def test_what_left_its_own_process_behind_is_lost(
    killed: Killed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel says that bubblewrap is dead, and not so of what was inside."""

    async def never(_: FirstProcess) -> None:
        await asyncio.Event().wait()

    # Looked at first: the check is a sandbox too, and its processes die.
    await killed._sandboxes.passed()
    monkeypatch.setattr(FirstProcess, "dead", never)
    assert_lost(await killed.ended(monkeypatch, death_s=0.5))
