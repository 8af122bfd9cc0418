"""The command line of a sandbox: what it sees, and nothing else."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from vigil.domain.errors import SandboxUnavailable
from vigil.domain.value import Value
from vigil.runner.limits import Limits

PATH = "/vigil/bin:/usr/bin:/bin"
NOBODY = "65534"
SCRIPT = "/vigil/script"
CLIENT = "/vigil/bin/vigil-do.py"
LAUNCHER = "/vigil/bin/vigil-do"
BROKER = "/vigil/broker.sock"
_ROOT_FOLDERS = ("/bin", "/lib", "/lib32", "/lib64", "/libx32", "/sbin")


class Descriptors(Value):
    """Open descriptors that bubblewrap reads once."""

    seccomp: int
    script: int
    client: int
    launcher: int

    @property
    def all(self) -> tuple[int, ...]:
        return (self.seccomp, self.script, self.client, self.launcher)


def find(program: str) -> str:
    """Where a program of the system is; never looked for in a folder that a user can write."""
    found = shutil.which(program, path="/usr/bin:/bin:/usr/sbin:/sbin")
    if found is None:
        raise SandboxUnavailable(
            f"{program} is not installed, so no sandbox can be made: install it "
            f"(apt-get install {'bubblewrap' if program == 'bwrap' else 'util-linux'})"
        )
    return found


class Interpreter(Value):
    """The Python that ``vigil-do`` runs with, and the folder it needs besides /usr."""

    program: str
    folder: str | None = None


def interpreter() -> Interpreter:
    """One inside /usr where there is one, so that nothing else of the host need be shown."""
    own = Path(sys.base_prefix, "bin", f"python{sys.version_info[0]}.{sys.version_info[1]}")
    if own.is_relative_to("/usr") and own.exists():
        return Interpreter(program=str(own))
    system = Path("/usr/bin/python3")
    if system.exists():
        return Interpreter(program=str(system))
    return Interpreter(program=str(own), folder=sys.base_prefix)


def launcher_text(python: Interpreter) -> str:
    """A shell line: the kernel cuts a ``#!`` line that is longer than 255 bytes."""
    return f'#!/bin/sh\nexec "{python.program}" -I -S {CLIENT} "$@"\n'


def command(
    limits: Limits, descriptors: Descriptors, python: Interpreter, broker: Path
) -> list[str]:
    """The whole command line, from bubblewrap to the script."""
    return [
        find("bwrap"),
        *_isolation(descriptors),
        *_system(python),
        *_folders(limits),
        *_own_files(descriptors, broker),
        "--remount-ro", "/",
        "--",
        *_limited(limits),
        "/bin/bash", "--noprofile", "--norc", "-eu", "-o", "pipefail", SCRIPT,
    ]  # fmt: skip


def _isolation(descriptors: Descriptors) -> Sequence[str]:
    # --unshare-user also for root: without it a root runner would hand its capabilities in.
    return (
        "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts",
        "--unshare-cgroup-try", "--die-with-parent", "--new-session", "--clearenv",
        "--setenv", "PATH", PATH, "--setenv", "HOME", "/tmp", "--setenv", "LC_ALL", "C.UTF-8",  # noqa: S108 - the sandbox's own
        "--uid", NOBODY, "--gid", NOBODY, "--hostname", "sandbox", "--cap-drop", "ALL",
        "--disable-userns", "--seccomp", str(descriptors.seccomp),
    )  # fmt: skip


def _system(python: Interpreter) -> Sequence[str]:
    words = ["--ro-bind", "/usr", "/usr"]
    for folder in map(Path, _ROOT_FOLDERS):
        if folder.is_symlink():
            words += ["--symlink", str(folder.readlink()), str(folder)]
        elif folder.is_dir():  # a system from before the merge of /bin into /usr/bin
            words += ["--ro-bind", str(folder), str(folder)]
    if python.folder is not None:
        words += ["--ro-bind", python.folder, python.folder]
    return words


def _folders(limits: Limits) -> Sequence[str]:
    # /proc/sys belongs to root of the host: a runner of root's could still write there, with no
    # capability at all, and core_pattern alone is enough to take the host over.
    return (
        "--proc", "/proc", "--remount-ro", "/proc", "--dev", "/dev",
        "--size", str(limits.shm_bytes), "--tmpfs", "/dev/shm", "--remount-ro", "/dev",  # noqa: S108 - the sandbox's own
        "--size", str(limits.tmp_bytes), "--tmpfs", "/tmp", "--chdir", "/tmp",  # noqa: S108 - the sandbox's own
    )  # fmt: skip


def _own_files(descriptors: Descriptors, broker: Path) -> Sequence[str]:
    return (
        "--perms", "0555", "--dir", "/vigil",
        "--perms", "0555", "--dir", "/vigil/bin",
        "--perms", "0444", "--ro-bind-data", str(descriptors.script), SCRIPT,
        "--perms", "0444", "--ro-bind-data", str(descriptors.client), CLIENT,
        "--perms", "0555", "--ro-bind-data", str(descriptors.launcher), LAUNCHER,
        "--ro-bind", str(broker), BROKER,
    )  # fmt: skip


def _limited(limits: Limits) -> Sequence[str]:
    # Set inside: there the process limit counts the sandbox's own user namespace only, outside it
    # would count everything that the same user runs.
    return (
        find("prlimit"), "--core=0:0", f"--nproc={limits.processes}:{limits.processes}",
        f"--nofile={limits.files}:{limits.files}",
        f"--fsize={limits.file_bytes}:{limits.file_bytes}",
        f"--as={limits.address_space_bytes}:{limits.address_space_bytes}",
        "--",
    )  # fmt: skip
