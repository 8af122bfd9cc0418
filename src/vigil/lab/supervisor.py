"""The shop's process supervisor, spoken to over its unix socket."""

import contextlib
import http.client
import socket
import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path

from vigil.lab.errors import LabError, LabNotRunning
from vigil.lab.names import Value

CALL_TIMEOUT_S = 20.0


class Process(Value):
    name: str
    state: str
    pid: int
    started: int


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=CALL_TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        opened.settimeout(CALL_TIMEOUT_S)
        try:
            opened.connect(str(self._path))
        except OSError:
            opened.close()
            raise
        self.sock = opened


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: object) -> http.client.HTTPConnection:  # noqa: ARG002 - the base class's signature
        # Kept where the base class looks for it, so that closing the proxy closes the socket.
        self._connection = (str(self._path), _UnixConnection(self._path))
        return self._connection[1]


class Supervisor:
    def __init__(self, path: Path) -> None:
        self._path = path

    def processes(self) -> dict[str, Process]:
        with self._calls() as server:
            rows = server.supervisor.getAllProcessInfo()
        assert isinstance(rows, list)  # noqa: S101 - tells the type checker what XML-RPC cannot
        return {
            str(row["name"]): Process(
                name=row["name"], state=row["statename"], pid=row["pid"], started=row["start"]
            )
            for row in rows
        }

    def start(self, name: str, *, wait: bool = True) -> None:
        """Start a process and wait until it counts as running; nothing to do when it is."""
        if self.processes()[name].state in {"RUNNING", "STARTING"}:
            return
        with self._calls() as server:
            server.supervisor.startProcess(name, wait)

    def stop(self, name: str) -> None:
        if self.processes()[name].state not in {"RUNNING", "STARTING", "BACKOFF", "STOPPING"}:
            return
        with self._calls() as server:
            server.supervisor.stopProcess(name, True)  # noqa: FBT003 - XML-RPC has no keywords

    def signal(self, name: str, signal: str) -> None:
        """Send a signal (`HUP`, `STOP`, ...) to a running process."""
        with self._calls() as server:
            server.supervisor.signalProcess(name, signal)

    @contextlib.contextmanager
    def _calls(self) -> Iterator[xmlrpc.client.ServerProxy]:
        server = xmlrpc.client.ServerProxy("http://localhost", transport=_UnixTransport(self._path))
        try:
            with server:
                yield server
        except xmlrpc.client.Fault as fault:
            raise LabError(f"supervisor at {self._path}: {fault.faultString}") from fault
        except (OSError, http.client.HTTPException) as gone:
            raise LabNotRunning(f"no supervisor answers at {self._path}: {gone}") from gone


def starts_by_process(log: Path) -> dict[str, int]:
    """How often each process was started, counted where it happens: in supervisord's own log."""
    counts: dict[str, int] = {}
    with contextlib.suppress(FileNotFoundError), log.open() as lines:
        for line in lines:
            _, found, rest = line.partition(" spawned: '")
            if found:
                name = rest.partition("'")[0]
                counts[name] = counts.get(name, 0) + 1
    return counts
