"""The filter of system calls as Docker wants it: the same tables as for bubblewrap, as JSON."""

import errno
import json
from typing import Any

from vigil.runner.seccomp import AF_INET, AF_UNIX, DENIED, NAMESPACE_FLAGS, TIOCLINUX, TIOCSTI


def filter_profile(*, loopback: bool = False) -> str:
    """The text for ``seccomp=``; ``loopback`` as in ``seccomp.filter_program``.

    Docker's own filter is an allow list and longer; but it lets sockets of every family be made and
    characters be pushed into terminals, and of two filters a container takes one.
    """
    other = _compared(0, "GT", AF_INET) if loopback else _compared(0, "NE", AF_UNIX)
    rules = [
        _refused(DENIED, errno.EPERM),
        *(_refused(("clone",), errno.EPERM, _has(0, flag, flag)) for flag in NAMESPACE_FLAGS),
        # The flags of clone3 lie in memory, where a filter cannot look; libc falls back to clone.
        _refused(("clone3",), errno.ENOSYS),
        _refused(("socket", "socketpair"), errno.EAFNOSUPPORT, other),
        *(
            _refused(("ioctl",), errno.EPERM, _has(1, 0xFFFFFFFF, request))
            for request in (TIOCSTI, TIOCLINUX)
        ),
    ]
    return json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": rules})


def _refused(names: tuple[str, ...], number: int, *conditions: dict[str, Any]) -> dict[str, Any]:
    return {
        "names": list(names),
        "action": "SCMP_ACT_ERRNO",
        "errnoRet": number,
        "args": list(conditions),
    }


def _has(argument: int, mask: int, value: int) -> dict[str, Any]:
    return {"index": argument, "value": mask, "valueTwo": value, "op": "SCMP_CMP_MASKED_EQ"}


def _compared(argument: int, how: str, value: int) -> dict[str, Any]:
    return {"index": argument, "value": value, "op": f"SCMP_CMP_{how}"}
