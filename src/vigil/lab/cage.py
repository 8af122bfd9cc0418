"""The one bubblewrap that everything of a lab runs in, and its first process.

The cage takes no privilege: own user, pid and ipc namespaces, no capabilities, the whole system
read-only, only the state directory writable. Its network is the machine's, as the shop is visited
over loopback. When the cage's outer process dies, by whatever hand, the kernel ends all within.
"""

import os
import sys
from pathlib import Path

from vigil.lab.programs import SERVER_FOLDERS, find_binary

PACKAGE_ROOT = Path(__file__).resolve().parents[2]
INSIDE_ID = "65534"
"""Who the shop is within: `nobody`. PostgreSQL begins only as a user that has a name, and refuses
root; a machine that nobody has an account on has no other that is there for certain."""


def command(state: Path) -> list[str]:
    """The cage's command line. It carries no secret: any process on the machine can read it."""
    return [
        find_binary("bwrap"),
        "--unshare-user",
        *("--uid", INSIDE_ID, "--gid", INSIDE_ID),
        "--unshare-pid",
        "--unshare-ipc",
        "--die-with-parent",
        *("--cap-drop", "ALL"),
        *("--ro-bind", "/", "/"),
        *("--dev", "/dev"),
        *("--proc", "/proc"),
        *("--tmpfs", "/tmp"),  # noqa: S108 - the cage's own, empty /tmp
        *_still_seen_below_tmp(),
        # After /tmp, so that a state directory below /tmp is not hidden by it.
        *("--bind", str(state), str(state)),
        *("--chdir", str(state)),
        *(sys.executable, "-m", "supervisor.supervisord", "-c", str(state / "supervisord.conf")),
    ]


def _still_seen_below_tmp() -> list[str]:
    """The interpreter and this package, where a checkout below /tmp would be hidden."""
    needed = {Path(sys.prefix), Path(sys.base_prefix), PACKAGE_ROOT}
    hidden = sorted(path.resolve() for path in needed if path.resolve().is_relative_to("/tmp"))  # noqa: S108 - see above
    return [word for path in hidden for word in ("--ro-bind", str(path), str(path))]


def environment(state: Path) -> dict[str, str]:
    """All that the shop's processes get from outside."""
    return {
        "PATH": ":".join((str(Path(sys.executable).parent), *SERVER_FOLDERS)),
        "HOME": str(state),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(PACKAGE_ROOT),
        # A release's digest is over its files; no bytecode is written beside them.
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    } | {name: os.environ[name] for name in ("TZ",) if name in os.environ}
