"""A running nginx: its configuration checked, and read again by signal."""

import os
import select
import signal
import subprocess
import time
from pathlib import Path

from vigil.domain.verbs.nginx import NginxUpstreamGrant
from vigil.runner.verbs.base import Deadline, NotDone, Unfinished
from vigil.runner.verbs.small_file import beginning_of

CHECK_S = 8.0
RELOAD_S = 5.0
MAX_SAID = 300
MAX_SAID_BYTES = 4096
_MAX_PID_BYTES = 20
_CHUNK = 65_536
_AGAIN_S = 0.05


class Nginx:
    """The nginx of a grant."""

    def __init__(self, grant: NginxUpstreamGrant) -> None:
        self._grant = grant

    def master(self) -> int:
        """Its process.

        :raises NotDone: the pid file names none that is an nginx.
        """
        try:
            pid = int(beginning_of(self._grant.pid_file, _MAX_PID_BYTES))
            name = Path(f"/proc/{pid}/comm").read_text().strip()
        except (OSError, ValueError) as gone:
            raise NotDone(f"nginx does not run ({self._grant.pid_file}: {gone})") from None
        if name != "nginx":
            raise NotDone(f"{self._grant.pid_file} names process {pid}, which is {name}, no nginx")
        return pid

    def objection(self, seconds: float) -> str | None:
        """What ``nginx -t`` has against the configuration as it is on disk."""
        words = [self._grant.program, "-t", "-q", "-c", self._grant.config]
        if self._grant.prefix is not None:
            words += ["-p", self._grant.prefix]
        until = time.monotonic() + max(0.1, min(CHECK_S, seconds))
        try:
            checked = subprocess.Popen(  # noqa: S603 - an owner's own words, none from a call
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env={},
            )
        except OSError as missing:
            return f"{self._grant.program} cannot be started: {missing.strerror}"
        with checked:
            said = _said_by(checked, until)
            if said is None:
                checked.kill()
                return f"nginx -t takes longer than {CHECK_S:g} s"
        return None if checked.returncode == 0 else f"nginx refuses it: {said[:MAX_SAID]}"

    def reload(self, deadline: Deadline) -> None:
        """Have the configuration read, and wait until somebody works by it.

        :raises Unfinished: it was told, and has no new worker.
        """
        pid = self.master()
        try:
            handle = os.pidfd_open(pid)
        except OSError as gone:
            raise NotDone(f"nginx does not run ({gone})") from None
        try:
            # The process of the handle stays the same one, whatever its number is given to.
            former = _children(self.master())
            deadline.last_moment()
            signal.pidfd_send_signal(handle, signal.SIGHUP)
        except OSError as gone:
            raise NotDone(f"nginx cannot be told to reload ({gone})") from None
        finally:
            os.close(handle)
        until = time.monotonic() + min(RELOAD_S, deadline.left_s)
        while not _children(pid) - former:
            if time.monotonic() >= until:
                raise Unfinished("nginx was told to reload, and has no new worker; read its log")
            time.sleep(_AGAIN_S)


def _said_by(process: "subprocess.Popen[bytes]", until: float) -> str | None:
    """The beginning of what it says until its end; None: it did not end in time.

    The rest is read too, or it would wait for somebody to read it, and is not kept.
    """
    pipe, begins = process.stderr, b""
    while pipe is not None and (left := until - time.monotonic()) > 0:
        if select.select([pipe], [], [], left)[0]:
            chunk = os.read(pipe.fileno(), _CHUNK)
            if not chunk:
                break
            begins += chunk[: MAX_SAID_BYTES - len(begins)]
    try:
        process.wait(max(0.0, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        return None
    return " ".join(begins.decode(errors="replace").split())


def _children(parent: int) -> set[int]:
    found = set()
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            # Behind the name, which may hold anything: the state, and then the parent.
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        if int(fields[1]) == parent:
            found.add(int(entry.parent.name))
    return found
