"""What one sandbox is to the engine: all it sees, all it may use, and nothing by default."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vigil.domain.errors import SandboxUnavailable
from vigil.runner import inner
from vigil.runner.docker.image import Layout
from vigil.runner.docker.profile import filter_profile
from vigil.runner.isolation import Script
from vigil.runner.programs import (
    BROKER,
    CLIENT,
    CLIENT_SOURCE,
    LAUNCHER,
    PATH,
    PROXY,
    Interpreter,
    launcher_text,
)

LABEL = "vigil.sandbox-of"
"""Its value is ``Doors.prefix``: whose sandbox it is, to whoever sweeps."""
MORE_VISIBLE = frozenset({".dockerenv", "etc", "sys"})
"""What the engine adds to the root folder; the folders show nothing but the control groups."""
_OWN = "/vigil"
_FIRST = f"{_OWN}/bin/first.py"
_FIRST_SOURCE = Path(__file__).with_name("first.py")
_NANO = 1_000_000_000
_HIDDEN = (
    # What Docker hides when nobody says anything: a list of one's own replaces it.
    "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys",
    "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/timer_list",
    "/proc/timer_stats",
    # The host's name servers, and its hardware. The control groups stay: process 1 reads them.
    "/etc", "/sys/block", "/sys/bus", "/sys/class", "/sys/dev", "/sys/devices", "/sys/firmware",
    "/sys/hypervisor", "/sys/kernel", "/sys/module", "/sys/power",
)  # fmt: skip
_RECURSIVE_SINCE = (1, 44)
"""The API that can make what is mounted below a mount read-only with it; older ones cannot."""
_READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")


def place(script: Script, python: Interpreter) -> None:
    """Put what the script needs into the broker's folder, which it sees as /vigil.

    Its user alone can read the files, and whoever made the folder removes it.
    """
    folder, owner = script.broker.parent, script.confinement.uid
    sockets = [(script.broker, BROKER), *([(script.proxy, PROXY)] if script.proxy else [])]
    for outside, found in sockets:
        if outside != folder / Path(found).name:
            raise SandboxUnavailable(f"{outside} does not lie where it is found as {found}")
    folder.chmod(0o755)
    for name, content in {
        inner.SCRIPT: script.text.encode(),
        CLIENT: CLIENT_SOURCE.read_bytes(),
        LAUNCHER: launcher_text(python).encode(),
        _FIRST: _FIRST_SOURCE.read_bytes(),
        **{file.path: file.content for file in script.files},
    }.items():
        file = folder / Path(name).relative_to(_OWN)
        file.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        file.touch(mode=0o600, exist_ok=False)
        file.write_bytes(content)
        os.chown(file, owner, -1)
        file.chmod(0o500 if name == LAUNCHER else 0o400)


def container(
    script: Script,
    image: str,
    shown: Layout,
    python: Interpreter,
    life_s: float,
    api: tuple[int, int],
) -> Mapping[str, Any]:
    """The word for one sandbox, to an engine that is spoken to in ``api``.

    It ends itself after ``life_s`` at the latest.
    """
    user = script.confinement.uid
    inside = inner.command(
        script.limits,
        python,
        script.wall_s,
        counts_processes=False,
        bridged=script.proxy is not None,
    )
    group = user if script.confinement.gives_up_root else os.getegid()
    return {
        "Image": image,
        "Labels": {LABEL: _family(script)},
        "Hostname": "sandbox",
        "User": f"{user}:{group}",
        "Env": [f"PATH={PATH}", "HOME=/tmp", "LC_ALL=C.UTF-8"],
        "WorkingDir": "/tmp",  # noqa: S108 - the sandbox's own
        "Entrypoint": [python.program, "-I", "-S", _FIRST, f"{life_s:.3f}"],
        "Cmd": inside,
        # The connection to the runner is its standard input: it ends with the runner.
        "OpenStdin": True, "StdinOnce": True, "AttachStdin": True,
        "AttachStdout": True, "AttachStderr": True, "Tty": False,
        "NetworkDisabled": True,
        "HostConfig": {**_walls(script, shown, api), **_bounds(script)},
    }  # fmt: skip


def _family(script: Script) -> str:
    """The prefix of the folder's name, which is that of its state folder."""
    return f"{script.broker.parent.name.rpartition('-')[0]}-"


def _walls(script: Script, shown: Layout, api: tuple[int, int]) -> dict[str, Any]:
    binds = {**{str(path): str(path) for path in shown.bound}, str(script.broker.parent): _OWN}
    options: dict[str, str | bool] = {"Propagation": "rprivate"}
    if api >= _RECURSIVE_SINCE:
        # Where the kernel cannot, the engine refuses to make it.
        options["ReadOnlyForceRecursive"] = True
    profile = filter_profile(loopback=script.proxy is not None)
    return {
        "NetworkMode": "none",
        "IpcMode": "private",
        "CgroupnsMode": "private",
        "ReadonlyRootfs": True,
        "Privileged": False,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges:true", f"seccomp={profile}"],
        "MaskedPaths": list(_HIDDEN),
        "ReadonlyPaths": list(_READ_ONLY),
        "Mounts": [
            {
                "Type": "bind", "Source": source, "Target": target, "ReadOnly": True,
                "BindOptions": options,
            }
            for source, target in binds.items()
        ],
        "RestartPolicy": {"Name": "no"},
        # Process 1 is Vigil's own, also where the engine would put another one there.
        "Init": False,
        # What it prints goes to the runner and nowhere else, so that no file of the host grows.
        "LogConfig": {"Type": "none"},
    }  # fmt: skip


def _bounds(script: Script) -> dict[str, Any]:
    limits = script.limits
    return {
        "Memory": limits.memory_bytes,
        "MemorySwap": limits.memory_bytes,
        "NanoCpus": round(limits.cpus * _NANO),
        "PidsLimit": limits.processes + 1,  # process 1
        "OomScoreAdj": 500,
        "ShmSize": limits.shm_bytes,
        "Tmpfs": {"/tmp": f"rw,exec,nosuid,nodev,mode=1777,size={limits.tmp_bytes}"},  # noqa: S108 - the sandbox's own
        "Ulimits": [{"Name": name, "Soft": 0, "Hard": 0} for name in ("core", "msgqueue")],
    }
