"""Who is dead for certain, and what proves nothing (about 1 s)."""

import fcntl
import os
import shutil
import signal
from pathlib import Path

import pytest
from tests.support.pulses import living, wait_until_stopped

from vigil.integrations.workers.pulse import Pulse, is_local

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/root rw
23 22 0:41 / /srv/all\\040of\\040us rw shared:2 - nfs4 server:/export rw
24 22 0:42 / /srv/all\\040of\\040us/here rw - tmpfs tmpfs rw
25 22 0:43 / /mnt rw - xfs /dev/sdb rw
26 22 0:44 / /mnt rw - fuse.sshfs there:/ rw
""".splitlines()


def left(file: Path) -> None:
    """As one that has ended leaves it."""
    file.touch()
    stat, boot = file.stat(), Path("/proc/sys/kernel/random/boot_id").read_text()
    file.write_text(f"{boot}{stat.st_dev}:{stat.st_ino}")


def test_a_process_lives_until_it_has_ended(tmp_path: Path) -> None:
    pulse = Pulse(tmp_path)
    with living(tmp_path, "one") as process:
        assert not pulse.has_stopped("one")
        process.send_signal(signal.SIGSTOP)
        assert not pulse.has_stopped("one")
        process.kill()
        wait_until_stopped(tmp_path, "one")


def test_it_lives_on_when_nobody_in_it_remembers_that_it_was_begun(tmp_path: Path) -> None:
    Pulse(tmp_path).begin("mine")
    assert not Pulse(tmp_path).has_stopped("mine")
    assert [file.name for file in tmp_path.iterdir()] == ["mine"], "nothing is left of the making"


@pytest.mark.parametrize("worker", ["missing", "../one", "", ".", "/etc/hostname", "a\0b", "n\n"])
def test_what_is_not_there_or_is_no_name_proves_nothing(tmp_path: Path, worker: str) -> None:
    left(tmp_path / "one")
    assert Pulse(tmp_path).has_stopped("one")
    (tmp_path / "below").mkdir()
    assert not Pulse(tmp_path / "below").has_stopped(worker)


def test_an_earlier_start_of_the_machine_or_another_machine_proves_nothing(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("0f0e0d0c-0000-4000-8000-000000000000\n")
    (tmp_path / "two").touch()
    assert not Pulse(tmp_path).has_stopped("one")
    assert not Pulse(tmp_path).has_stopped("two")


def test_a_copy_of_the_folder_proves_nothing(tmp_path: Path) -> None:
    """Of a state folder that somebody copied while its worker was at work."""
    with living(tmp_path / "state", "one"):
        shutil.copytree(tmp_path / "state", tmp_path / "copy")
        assert not Pulse(tmp_path / "copy").has_stopped("one")


def test_what_is_no_file_proves_nothing(tmp_path: Path) -> None:
    left(tmp_path / "file")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "folder", "pipe"):
        assert not Pulse(tmp_path).has_stopped(name)


def test_where_nothing_can_be_written_it_works_without(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    pulse = Pulse(tmp_path / "file")
    pulse.begin("one")
    assert not pulse.has_stopped("one")


def test_what_the_dead_have_left_goes_once_nobody_knows_them(tmp_path: Path) -> None:
    for name in ("buried", "named", "half.new", "held"):
        (tmp_path / name).touch()
    with (tmp_path / "held").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        Pulse(tmp_path).forget({"named"})
    assert {file.name for file in tmp_path.iterdir()} == {"named", "held"}


@pytest.mark.parametrize(
    ("folder", "local"),
    [
        ("/var/lib/vigil", True),
        ("/srv/all of us", False),
        ("/srv/all of us/state", False),
        ("/srv/all of us/here/state", True),
        ("/srv/all of us too", True),
        ("/mnt/state", False),
    ],
)
def test_locks_that_a_server_keeps_prove_nothing(folder: str, *, local: bool) -> None:
    assert is_local(Path(folder), MOUNTS) is local
