"""Landlock: a wall that a process builds around itself, of the files that it may still open.

It stands inside the sandbox, so it holds where the first wall, what is mounted there, has a hole.
No program of a plain system enters it and goes on as another one. A few lines of Perl do, which
Debian always has and which starts in a millisecond or two; Python would take ten times as long.
"""

import ctypes
import functools
import shutil
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from vigil.domain.value import Value

_PROGRAM = Path(__file__).with_name("landlock.pl")
_CREATE_RULESET = 444
_ASK_VERSION = 1

# linux/landlock.h
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = (1 << bit for bit in range(4))
_TRUNCATE = 1 << 14
_FILE_RIGHTS_OF_ABI = (0, 13, 14, 15, 15, 16)
"""How many rights on files each version knows; later ones know as many as the last here."""
_BIND_AND_CONNECT = 0b11
_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11
_TCP_SINCE, SCOPES_SINCE = 4, 6


class Access(StrEnum):
    """What may be done with a path, and with what is below it."""

    READ = "read"
    RUN = "run"
    """Read and executed."""
    DEVICE = "device"
    """Read and written; for one file, not for a folder."""
    ALL = "all"


class Allowed(Value):
    """A path that is there in the sandbox."""

    path: str
    access: Access


@functools.cache
def abi() -> int:
    """The version of Landlock that this kernel speaks; 0 where there is none."""
    answer = ctypes.CDLL(None, use_errno=True).syscall(_CREATE_RULESET, None, 0, _ASK_VERSION)
    return max(int(answer), 0)


@functools.cache
def _perl() -> str | None:
    """Only where it can be seen inside the sandbox too."""
    return shutil.which("perl", path="/usr/bin")


def used() -> int:
    """The version that sandboxes are walled in with; 0 for none."""
    return abi() if _perl() else 0


def told() -> str:
    """What there is of it here, in words for a person."""
    if abi() == 0:
        return "Landlock is not there"
    if not used():
        return f"Landlock ABI {abi()} is not used, as perl is missing (apt-get install perl-base)"
    return f"Landlock ABI {used()}"


def walled(allowed: Sequence[Allowed], version: int, *, tcp: bool = False) -> list[str]:
    """What to put before a command, so that it can open ``allowed`` and nothing else.

    Folders may be listed everywhere. From ABI 4 on there is no TCP either, unless the sandbox's own
    network is all that it leads to (``tcp``), and from 6 on no signal and no abstract socket gets
    over the wall. A command round which the wall cannot be built is not run. Nothing is put before
    it for version 0.
    """
    program = _perl()
    if version == 0 or program is None:
        return []
    known = (1 << _FILE_RIGHTS_OF_ABI[min(version, len(_FILE_RIGHTS_OF_ABI) - 1)]) - 1
    wall = [known]
    if version >= _TCP_SINCE:
        wall.append(0 if tcp else _BIND_AND_CONNECT)
    if version >= SCOPES_SINCE:
        wall.append(_ABSTRACT_SOCKETS_AND_SIGNALS)
    rights = {
        Access.READ: _READ_FILE | _READ_DIR,
        Access.RUN: _READ_FILE | _READ_DIR | _EXECUTE,
        Access.DEVICE: _READ_FILE | _WRITE_FILE | _TRUNCATE,
        Access.ALL: known,
    }
    rules = [f"{_READ_DIR}:/", *(f"{rights[one.access] & known}:{one.path}" for one in allowed)]
    return [program, "-e", _program(), ",".join(map(str, wall)), *rules, "--"]


@functools.cache
def _program() -> str:
    return _PROGRAM.read_text(encoding="ascii")
