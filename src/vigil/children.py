"""Children that do not outlive the process that started them."""

import os
import shutil
from typing import Literal

SYSTEM = "/usr/bin:/bin:/usr/sbin:/sbin"
"""Where programs of the system are: never in a folder that a user can write."""


def tied_to_us(signal: Literal["TERM", "KILL"] = "TERM") -> tuple[str, ...]:
    """A prefix with which the kernel ends a command when this process is killed.

    The tie holds from its making on only: whoever was killed before is not its parent any more, so
    the command does not begin. Empty where util-linux's setpriv is missing; `vigil doctor` says so.
    """
    setpriv = shutil.which("setpriv", path=SYSTEM)
    if setpriv is None:
        return ()
    same_parent = 'test "$PPID" = "$0" && exec "$@"'
    return (setpriv, "--pdeathsig", signal, "--", "/bin/sh", "-c", same_parent, str(os.getpid()))
