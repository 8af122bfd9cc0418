"""The look at a sandbox from inside finds each wall that is missing."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest

from vigil.domain.errors import SandboxUnavailable
from vigil.runner import inner, landlock, selfcheck
from vigil.runner.bubblewrap import sandbox
from vigil.runner.bubblewrap.cgroup import group
from vigil.runner.bubblewrap.cgroup_places import Hierarchies
from vigil.runner.bubblewrap.command import command
from vigil.runner.bubblewrap.sandbox import Bubblewrap
from vigil.runner.confinement import Doors


def without(*words: str) -> Callable[[Sequence[str]], list[str]]:
    """A command line from which these words, which follow each other, were left out."""

    def cut(line: Sequence[str]) -> list[str]:
        at = next(n for n in range(len(line)) if tuple(line[n : n + len(words)]) == words)
        return [*line[:at], *line[at + len(words) :]]

    return cut


def without_filter(line: Sequence[str]) -> list[str]:
    at = line.index("--seccomp")
    return [*line[:at], *line[at + 2 :]]


def unlimited(line: Sequence[str]) -> list[str]:
    return [word for word in line if not word.startswith("--nproc=")]


MISSING = {
    "network": (without("--unshare-net"), "is there"),
    "filter": (without_filter, "Seccomp is 0"),
    "read-only root": (without("--remount-ro", "/"), "/ can be written"),
    "read-only /dev": (without("--remount-ro", "/dev"), "/dev can be written"),
}


@pytest.fixture
def made(tmp_path: Path) -> Bubblewrap:
    return Bubblewrap(Doors(tmp_path / "runs"))


async def test_a_whole_one_is_sound(made: Bubblewrap) -> None:
    health = await made.health()
    assert health.ok, health
    assert landlock.told() in health.text
    assert "control group" in health.text
    await made.passed()


@pytest.mark.parametrize("wall", MISSING)
async def test_a_wall_that_is_missing(
    wall: str, made: Bubblewrap, monkeypatch: pytest.MonkeyPatch
) -> None:
    change, found = MISSING[wall]

    def changed(*arguments: object) -> list[str]:
        return change(command(*arguments))  # type: ignore[arg-type] # handed on as they come

    monkeypatch.setattr(sandbox, "command", changed)
    # The second wall would stand where the first one does not.
    for module in (inner, selfcheck):
        monkeypatch.setattr(module, "used", lambda: 0)
    health = await made.health()
    assert not health.ok
    assert found in health.text
    with pytest.raises(SandboxUnavailable, match="not safe"):
        await made.passed()


async def test_landlock_that_does_not_hold(
    made: Bubblewrap, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not landlock.used():
        pytest.skip(landlock.told())
    monkeypatch.setattr(inner, "used", lambda: 0)
    health = await made.health()
    assert not health.ok
    assert "Landlock does not hold for files" in health.text


async def test_processes_without_a_limit(
    made: Bubblewrap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(*arguments: object) -> list[str]:
        return unlimited(command(*arguments))  # type: ignore[arg-type] # handed on as they come

    monkeypatch.setattr(sandbox, "command", changed)
    nowhere = Hierarchies(root=tmp_path, membership=tmp_path / "missing")
    monkeypatch.setattr(sandbox, "group", partial(group, hierarchies=nowhere))
    health = await made.health()
    assert not health.ok
    assert "the number of processes is not limited" in health.text
    assert health.remedy is not None
    assert "ordinary user" in health.remedy
