"""The system calls that a script has no business making, as a filter for the kernel."""

import contextlib
import errno
import functools
import os
import tempfile
from collections.abc import Iterator

from vigil.domain.errors import SandboxUnavailable

DENIED = (
    # mounts and namespaces
    "mount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen", "fsconfig",
    "fsmount", "fspick", "mount_setattr", "setns", "unshare",
    # other processes' memory
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd",
    # the kernel itself
    "bpf", "perf_event_open", "kexec_load", "kexec_file_load", "init_module", "finit_module",
    "delete_module", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register",
    "reboot", "swapon", "swapoff", "acct", "quotactl", "nfsservctl", "lookup_dcookie", "syslog",
    "iopl", "ioperm", "modify_ldt", "vmsplice", "personality",
    # keys
    "keyctl", "add_key", "request_key",
    # clocks and names
    "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "stime", "sethostname",
    "setdomainname",
    # handles that go round path checks
    "name_to_handle_at", "open_by_handle_at", "fanotify_init", "vhangup",
    # memory that no process has mapped, so that no limit of a process counts it
    "memfd_create", "memfd_secret", "shmget", "msgget", "semget", "mq_open",
    # memory policy
    "mbind", "move_pages", "migrate_pages", "set_mempolicy",
)  # fmt: skip

NAMESPACE_FLAGS = (
    0x00020000,  # CLONE_NEWNS
    0x02000000,  # CLONE_NEWCGROUP
    0x04000000,  # CLONE_NEWUTS
    0x08000000,  # CLONE_NEWIPC
    0x10000000,  # CLONE_NEWUSER
    0x20000000,  # CLONE_NEWPID
    0x40000000,  # CLONE_NEWNET
    0x00000080,  # CLONE_NEWTIME
)

AF_UNIX = 1
AF_INET = 2
"""The family that follows it: between the two there is none."""
TIOCSTI = 0x5412
TIOCLINUX = 0x541C


@functools.cache
def _filter(*, loopback: bool) -> bytes:
    try:
        import pyseccomp  # noqa: PLC0415 - it raises at import where the C library is missing
    except (ImportError, RuntimeError) as missing:
        raise SandboxUnavailable(
            f"no seccomp filter can be built ({missing}): install libseccomp2 "
            "(apt-get install libseccomp2) and the Python package pyseccomp"
        ) from missing
    rules = pyseccomp.SyscallFilter(defaction=pyseccomp.ALLOW)
    refuse = pyseccomp.ERRNO(errno.EPERM)
    for name in DENIED:
        try:
            rules.add_rule(refuse, name)
        except (OSError, ValueError):
            continue  # a call that this kernel's architecture does not have cannot be made either
    for flag in NAMESPACE_FLAGS:
        masked = pyseccomp.Arg(0, pyseccomp.MASKED_EQ, flag, flag)
        rules.add_rule(refuse, "clone", masked)
    # The flags of clone3 lie in memory, where a filter cannot look; libc falls back to clone.
    rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    # The broker's socket is a unix socket; scripts need no other family.
    no_family = pyseccomp.ERRNO(errno.EAFNOSUPPORT)
    other = (
        pyseccomp.Arg(0, pyseccomp.GT, AF_INET)
        if loopback
        else pyseccomp.Arg(0, pyseccomp.NE, AF_UNIX)
    )
    for call in ("socket", "socketpair"):
        rules.add_rule(no_family, call, other)
    for request in (TIOCSTI, TIOCLINUX):
        masked = pyseccomp.Arg(1, pyseccomp.MASKED_EQ, 0xFFFFFFFF, request)
        rules.add_rule(refuse, "ioctl", masked)
    with tempfile.TemporaryFile() as program:
        rules.export_bpf(program)
        program.seek(0)
        return program.read()


def filter_program(*, loopback: bool = False) -> bytes:
    """The filter as the kernel wants it (BPF); ``loopback`` is for scripts with a proxy, whose
    tools reach it at an address of the sandbox's own network.

    :raises SandboxUnavailable: where it cannot be built.
    """
    return _filter(loopback=loopback)


@contextlib.contextmanager
def in_memory(name: str, content: bytes) -> Iterator[int]:
    """The descriptor of a file that nothing else names; closed afterwards."""
    descriptor = os.memfd_create(name)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)
