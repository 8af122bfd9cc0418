"""Programs that sandboxes are made with, and those that scripts find in them, and where."""

import shutil
import sys
from pathlib import Path

from vigil.children import SYSTEM
from vigil.domain.errors import SandboxUnavailable
from vigil.domain.value import Value

PATH = "/vigil/bin:/usr/bin:/bin"
"""Of a sandbox."""
ROOT_FOLDERS = ("/bin", "/lib", "/lib32", "/lib64", "/libx32", "/sbin")
CLIENT = "/vigil/bin/vigil-do.py"
LAUNCHER = "/vigil/bin/vigil-do"
BROKER = "/vigil/broker.sock"
PROXY = "/vigil/proxy.sock"
BRIDGE = "/vigil/bin/bridge.py"
CLIENT_SOURCE = Path(__file__).with_name("vigil_do.py")
BRIDGE_SOURCE = Path(__file__).parent / "egress" / "bridge.py"
_PACKAGES = {"bwrap": "bubblewrap", "prlimit": "util-linux", "setpriv": "util-linux"}


def find(program: str) -> str:
    """Where a program of the system is; never looked for in a folder that a user can write.

    :raises SandboxUnavailable: it is not installed; the text says how to install it.
    """
    found = shutil.which(program, path=SYSTEM)
    if found is None:
        raise SandboxUnavailable(
            f"{program} is not installed, so no sandbox can be made: install it "
            f"(apt-get install {_PACKAGES[program]})"
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
    """``vigil-do`` as a shell script: the kernel cuts a ``#!`` line longer than 255 bytes."""
    return f'#!/bin/sh\nexec "{python.program}" -I -S {CLIENT} "$@"\n'
