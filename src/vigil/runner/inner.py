"""What stands inside a sandbox before the script: limits of each process, and Landlock."""

import math
from pathlib import Path

from vigil.runner.landlock import Access, Allowed, used, walled
from vigil.runner.limits import Limits
from vigil.runner.programs import BRIDGE, ROOT_FOLDERS, Interpreter, find

SCRIPT = "/vigil/script"
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")


def command(
    limits: Limits,
    python: Interpreter,
    wall_s: float,
    *,
    counts_processes: bool = True,
    bridged: bool = False,
) -> list[str]:
    """The words that run ``SCRIPT`` with bash, each process of it within ``limits``.

    They work wherever /usr, /proc, /dev, /tmp and /vigil are as in the sandbox of bubblewrap, for
    a user who may gain no privilege. ``counts_processes`` is for a user namespace of one's own:
    elsewhere the kernel would count what the same user runs in other sandboxes too. ``bridged`` is
    for scripts with a proxy: tools that know no unix socket find it at a port.
    """
    return [
        *_limited(limits, wall_s, counts_processes=counts_processes),
        *walled(_allowed(python), used(), tcp=bridged),
        *((python.program, "-I", "-S", BRIDGE) if bridged else ()),
        "/bin/bash", "--noprofile", "--norc", "-eu", "-o", "pipefail", SCRIPT,
    ]  # fmt: skip


def _limited(limits: Limits, wall_s: float, *, counts_processes: bool) -> list[str]:
    # Set inside: there the process limit counts the sandbox's own user namespace only, outside it
    # would count everything that the same user runs. A process that is still there when its wall
    # time is over has lost its killer, and ends by its own use of the processor.
    cpu_s = math.ceil(wall_s * limits.cpus) + 1
    processes = [f"--nproc={limits.processes}:{limits.processes}"] if counts_processes else []
    return [
        find("prlimit"), *processes, "--core=0:0",
        f"--nofile={limits.files}:{limits.files}",
        f"--fsize={limits.file_bytes}:{limits.file_bytes}",
        f"--as={limits.address_space_bytes}:{limits.address_space_bytes}",
        f"--cpu={cpu_s}:{cpu_s}",
        "--",
    ]  # fmt: skip


def _allowed(python: Interpreter) -> list[Allowed]:
    # What is a link into /usr needs no word of its own.
    folders = [f for f in ROOT_FOLDERS if Path(f).is_dir() and not Path(f).is_symlink()]
    folders += [python.folder] if python.folder else []
    return [
        *(Allowed(path=f, access=Access.RUN) for f in ("/usr", "/vigil", *folders)),
        Allowed(path="/proc", access=Access.READ),
        Allowed(path="/tmp", access=Access.ALL),  # noqa: S108 - the sandbox's own
        Allowed(path="/dev/shm", access=Access.ALL),  # noqa: S108 - the sandbox's own
        *(Allowed(path=f"/dev/{name}", access=Access.DEVICE) for name in _DEVICES),
    ]
