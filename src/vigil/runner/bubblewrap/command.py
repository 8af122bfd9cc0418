"""The command line of a sandbox: what it sees, and nothing else."""

from collections.abc import Sequence
from pathlib import Path

from vigil.domain.value import Value
from vigil.runner import inner
from vigil.runner.limits import Limits
from vigil.runner.programs import PATH, PROXY, ROOT_FOLDERS, Interpreter, find

NOBODY = "65534"


class Handed(Value):
    """A file that bubblewrap makes in the sandbox from a descriptor, which it reads once."""

    descriptor: int
    path: str
    mode: str = "0444"


class Inside(Value):
    """What is in a sandbox besides the system."""

    python: Interpreter
    seccomp: int
    """The descriptor of the filter."""
    files: tuple[Handed, ...]
    sockets: tuple[tuple[Path, str], ...]
    """Where each is outside, and inside."""

    @property
    def bridged(self) -> bool:
        """Whether a proxy is among the sockets."""
        return any(path == PROXY for _, path in self.sockets)

    @property
    def descriptors(self) -> tuple[int, ...]:
        """What bubblewrap has to inherit."""
        return (self.seccomp, *(file.descriptor for file in self.files))


def command(limits: Limits, inside: Inside, wall_s: float, telling: int) -> list[str]:
    """The whole command line, from bubblewrap to the script.

    To the descriptor ``telling`` bubblewrap says which process is the first of the sandbox.

    :raises SandboxUnavailable: a program that it needs is not installed.
    """
    return [
        find("bwrap"),
        "--info-fd", str(telling),
        *_isolation(inside.seccomp),
        *_system(inside.python),
        *_folders(limits),
        *_own_files(inside),
        "--remount-ro", "/",
        "--",
        *inner.command(limits, inside.python, wall_s, bridged=inside.bridged),
    ]  # fmt: skip


def _isolation(seccomp: int) -> Sequence[str]:
    # --unshare-user also for root: without it a root runner would hand its capabilities in.
    return (
        "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts",
        "--unshare-cgroup-try", "--die-with-parent", "--new-session", "--clearenv",
        "--setenv", "PATH", PATH, "--setenv", "HOME", "/tmp", "--setenv", "LC_ALL", "C.UTF-8",  # noqa: S108 - the sandbox's own
        "--uid", NOBODY, "--gid", NOBODY, "--hostname", "sandbox", "--cap-drop", "ALL",
        "--disable-userns", "--seccomp", str(seccomp),
    )  # fmt: skip


def _system(python: Interpreter) -> Sequence[str]:
    words = ["--ro-bind", "/usr", "/usr"]
    for folder in map(Path, ROOT_FOLDERS):
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


def _own_files(inside: Inside) -> Sequence[str]:
    folders = {str(Path(file.path).parent) for file in inside.files} | {"/vigil"}
    words = []
    for folder in sorted(folders):  # the outer ones first
        words += ["--perms", "0555", "--dir", folder]
    for file in inside.files:
        words += ["--perms", file.mode, "--file", str(file.descriptor), file.path]
    for outside, path in inside.sockets:
        words += ["--ro-bind", str(outside), path]
    return words
