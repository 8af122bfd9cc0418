"""Look at the sandbox from inside; this file runs there, with a bare interpreter.

Every line it prints is something that is wrong; the last one says that it looked at everything.
It tries each thing instead of reading settings, because only what is refused is refused.
"""

import contextlib
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

BROKER = "/vigil/broker.sock"
SOUND = "looked at everything"
KNOWN_VARIABLES = {"PATH", "HOME", "PWD", "OLDPWD", "SHLVL", "LC_ALL", "LC_CTYPE", "_"}
OWN_FOLDERS = {
    "bin",
    "dev",
    "lib",
    "lib32",
    "lib64",
    "libx32",
    "proc",
    "sbin",
    "tmp",
    "usr",
    "vigil",
}
# A runner of root's is still root to these, capabilities or not; they are opened, never written.
KERNEL_FILES = ("/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/sys/vm/drop_caches")
SCOPES_SINCE = 6
"""Landlock knows signals since then."""
NO_CAPABILITY = "0000000000000000"
STATUS = {"CapEff": NO_CAPABILITY, "CapBnd": NO_CAPABILITY, "NoNewPrivs": "1", "Seccomp": "2"}


def _succeeds(attempt: Callable[[], object]) -> bool:
    with contextlib.suppress(OSError):
        attempt()
        return True
    return False


def _opens(file: str) -> bool:
    return _succeeds(lambda: os.close(os.open(file, os.O_WRONLY)))


def _status() -> dict[str, str]:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _unlimited_processes(most: int) -> bool:
    """Whether more processes than ``most`` can be started at once."""
    children = []
    waiting, release = os.pipe()
    try:
        for _ in range(most):
            child = os.fork()
            if child == 0:
                os.close(release)
                os.read(waiting, 1)
                os._exit(0)
            children.append(child)
    except OSError:
        return False
    finally:
        os.close(release)
        for child in children:
            os.waitpid(child, 0)
    return True


def _wrong(processes: int, landlock: int, shown: set[str]) -> list[str]:
    wrong = [f"variable {name} is passed in" for name in set(os.environ) - KNOWN_VARIABLES]
    if os.geteuid() == 0:
        wrong.append("the script is root")
    status = _status()
    wrong += [
        f"{name} is {status.get(name)}" for name, w in STATUS.items() if status.get(name) != w
    ]
    visible = {path.name for path in Path("/").iterdir()} - OWN_FOLDERS - shown
    wrong += [f"/{name} is visible" for name in visible]
    folders = ("/", "/usr", "/dev", "/vigil")
    wrong += [f"{f} can be written" for f in folders if _succeeds(Path(f, "canary").touch)]
    wrong += [f"{f} can be written" for f in KERNEL_FILES if _opens(f)]
    if _unlimited_processes(processes):
        wrong.append("the number of processes is not limited")
    if not _reaches_broker():
        wrong.append("the broker cannot be reached")
    return [*wrong, *_reachable(), *_over_the_wall(landlock)]


def _over_the_wall(landlock: int) -> list[str]:
    """What Landlock of this version refuses, and nothing else of a sandbox does."""
    wrong = []
    if landlock >= 1 and _succeeds(lambda: os.close(os.open("/dev/ptmx", os.O_RDWR))):
        wrong.append("Landlock does not hold for files")
    if landlock >= SCOPES_SINCE and _succeeds(lambda: os.kill(1, 0)):
        wrong.append("Landlock does not hold for signals")
    return wrong


def _reachable() -> list[str]:
    rows = Path("/proc/net/dev").read_text(encoding="utf-8").splitlines()[2:]
    interfaces = {row.partition(":")[0].strip() for row in rows}
    wrong = [f"network interface {name} is there" for name in interfaces - {"lo"}]
    families = (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET)
    return wrong + [f"a socket of {family.name} can be made" for family in families if _can(family)]


def _reaches_broker() -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as broker:
        return _succeeds(lambda: broker.connect(BROKER))


def _can(family: socket.AddressFamily) -> bool:
    return _succeeds(lambda: socket.socket(family, socket.SOCK_DGRAM).close())


def main() -> None:
    """Print what is wrong, then that everything was looked at."""
    processes, landlock, *shown = sys.argv[1:]
    for line in _wrong(int(processes), int(landlock), set(shown)):
        sys.stdout.write(f"{line}\n")
    sys.stdout.write(f"{SOUND}\n")


if __name__ == "__main__":
    main()
