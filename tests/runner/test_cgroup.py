"""Control groups: really made where this machine lets us, and version 2 on an imitation.

The imitation is a tree of files with the kernel's names; what the kernel does by itself when a
group is made or filled is done here by hand. No machine with version 2 was at hand.
"""

import os
from pathlib import Path

import pytest

from vigil.domain.plan import PeakUse
from vigil.runner.bubblewrap.cgroup import Group, group, sweep
from vigil.runner.bubblewrap.cgroup_places import HOST, Hierarchies
from vigil.runner.limits import MIB, Limits

LIMITS = Limits(processes=10, memory_bytes=64 * MIB, cpus=0.5)
KEPT = {
    "pids.max": "12",
    "memory.limit_in_bytes": str(64 * MIB),
    "memory.memsw.limit_in_bytes": str(64 * MIB),
    "memory.max": str(64 * MIB),
    "cpu.cfs_quota_us": "50000",
    "cpu.max": "50000 100000",
}
"""What LIMITS are to the kernel, in either version's words."""
NAME = f"vigil-test-{os.getpid()}"


def tree(root: Path, membership: str, files: dict[str, str]) -> Hierarchies:
    """A tree of groups, and the file that says which of them this process is in."""
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    own = root / "membership"
    own.write_text(membership)
    return Hierarchies(root=root, membership=own)


def unified(root: Path, given_on: str = "cpu memory pids") -> Hierarchies:
    """Version 2 as systemd hands it to a service with ``DelegateSubgroup=runner``."""
    return tree(
        root,
        "0::/system.slice/vigil.service/runner\n",
        {
            "cgroup.controllers": "cpuset cpu io memory pids",
            "system.slice/vigil.service/cgroup.subtree_control": given_on,
            "system.slice/vigil.service/cgroup.procs": "",
            "system.slice/vigil.service/runner/cgroup.subtree_control": "",
            "system.slice/vigil.service/runner/cgroup.procs": "1\n",
        },
    )


def empty(folder: Path) -> None:
    """As the kernel does, whose files go with their folder."""
    for file in folder.iterdir():
        file.unlink()


async def test_version_2_beside_the_runners_own_group(tmp_path: Path) -> None:
    hierarchies = unified(tmp_path)
    assert hierarchies.version == 2
    folder = tmp_path / "system.slice/vigil.service" / NAME
    async with group(NAME, LIMITS, hierarchies) as made:
        assert made.folders == (folder,)
        assert made.bounds_memory
        written = {file.name: file.read_text() for file in folder.iterdir()}
        assert written == {
            "pids.max": "12",
            "memory.max": str(64 * MIB),
            "memory.swap.max": "0",
            "cpu.max": "50000 100000",
        }
        words, environment = made.joining(["true"])
        assert words[-1] == "true"
        assert environment == {"JOIN": str(folder / "cgroup.procs")}
        (folder / "memory.peak").write_text("1048576\n")
        (folder / "pids.peak").write_text("3\n")
        (folder / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1400000\n")
        (folder / "memory.events").write_text("low 0\nmax 12\noom 1\noom_kill 1\n")
        assert made.peak == PeakUse(memory_bytes=1048576, processes=3, cpu_s=1.5)
        assert made.out_of_memory
        empty(folder)
    assert not folder.exists()


async def test_version_2_that_hands_on_no_memory_is_not_used(tmp_path: Path) -> None:
    hierarchies = unified(tmp_path, given_on="cpu pids")
    assert hierarchies.version is None
    async with group(NAME, LIMITS, hierarchies) as made:
        assert made == Group()
        assert not made.bounds_memory
        assert made.peak == PeakUse(), "unknown, and said so"


async def test_version_1_with_its_hierarchies(tmp_path: Path) -> None:
    hierarchies = tree(
        tmp_path,
        "5:memory:/own\n4:pids:/elsewhere\n3:cpu,cpuacct:/\n1:name=systemd:/\n0::/\n",
        {
            "memory/own/cgroup.procs": "",
            "pids/cgroup.procs": "",  # in a container its own path is not to be seen
            "cpu,cpuacct/cgroup.procs": "",
        },
    )
    for alias in ("cpu", "cpuacct"):
        (tmp_path / alias).symlink_to("cpu,cpuacct")
    assert hierarchies.version == 1
    async with group(NAME, LIMITS, hierarchies) as made:
        places = [folder.relative_to(tmp_path).as_posix() for folder in made.folders]
        assert places == [f"pids/{NAME}", f"memory/own/{NAME}", f"cpu/{NAME}"]
        assert (tmp_path / f"cpu/{NAME}/cpu.cfs_quota_us").read_text() == "50000"
        (tmp_path / f"memory/own/{NAME}/memory.oom_control").write_text("under_oom 0\noom_kill 2\n")
        assert made.out_of_memory
        for folder in made.folders:
            empty(folder)


async def test_nobody_who_may_make_no_group_gets_one(tmp_path: Path) -> None:
    hierarchies = tree(tmp_path, "5:memory:/\n4:pids:/\n", {"memory/tasks": "", "pids/tasks": ""})
    assert hierarchies.version is None
    async with group(NAME, LIMITS, hierarchies) as made:
        assert made.folders == ()
        assert made.joining(["true"]) == (["true"], {})


def test_what_a_killed_runner_left_is_removed(tmp_path: Path) -> None:
    hierarchies = unified(tmp_path)
    left = tmp_path / "system.slice/vigil.service/vigil-mine-1"
    others = left.with_name("vigil-other-1")
    for folder in (left, others):
        folder.mkdir()
    sweep("vigil-mine-", hierarchies)
    assert not left.exists()
    assert others.exists()


async def test_what_this_kernel_really_does() -> None:
    if HOST.version is None:
        pytest.skip("this process may make no control group here")
    async with group(NAME, LIMITS) as made:
        assert made.bounds_memory
        assert not made.out_of_memory
        assert made.peak.memory_bytes is not None
        kept = {
            name: (folder / name).read_text().strip()
            for folder in made.folders
            for name in KEPT
            if (folder / name).exists()
        }
        there = made.folders
    # What the kernel took, whoever else wants the processor meanwhile.
    assert kept == {name: KEPT[name] for name in kept}
    assert {"pids.max"} < set(kept)
    assert HOST.version == 2 or "cpu.cfs_quota_us" in kept
    assert {"memory.limit_in_bytes", "memory.max"} & set(kept)
    assert not any(folder.exists() for folder in there)
