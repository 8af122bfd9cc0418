"""supervisor's XML-RPC over its unix socket, with a deadline for every call."""

import http.client
import socket
import time
import xmlrpc.client
from collections.abc import Iterator
from contextlib import contextmanager
from xml.parsers.expat import ExpatError

from pydantic import TypeAdapter, ValidationError

from vigil.domain.value import Value
from vigil.runner.verbs.base import Deadline, NotDone, Refusal, Seen, Unfinished
from vigil.runner.verbs.cut import cut_after

NOT_RUNNING = 70
ALREADY_STARTED = 60
LOOK_S = 5.0
MAX_REPLY_BYTES = 1024 * 1024
_LOOK_AGAIN_S = 0.1


class ProcessInfo(Value):
    """A process as supervisor sees it."""

    pid: int
    start: int
    """Seconds since the epoch of its last start; supervisor knows no fractions."""
    state: str

    @property
    def runs(self) -> bool:
        return self.state == "RUNNING"

    @property
    def alive(self) -> bool:
        """Whether there is something to stop, however far its start or its end has come."""
        return self.pid != 0

    def seen(self, would: str) -> Seen:
        """As the ledger keeps it, with what would be done."""
        return {"pid": self.pid, "start": self.start, "state": self.state, "would": would}

    @classmethod
    def of(cls, seen: Seen) -> "ProcessInfo":
        """What was seen."""
        return cls.model_validate({name: seen[name] for name in cls.model_fields})


class _Connection(http.client.HTTPConnection):
    """A new connection for each call: one that timed out would answer the next call's question."""

    def __init__(self, path: str, timeout_s: float) -> None:
        # The name only fills the Host header.
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        opened.settimeout(self.timeout)
        try:
            opened.connect(self._path)
        except OSError:
            opened.close()
            raise
        self.sock = opened


class Supervisor:
    """The few calls that the verbs need."""

    def __init__(self, path: str) -> None:
        self._path = path

    def info(self, name: str, timeout_s: float = LOOK_S) -> ProcessInfo:
        """:raises Refusal: no such process. :raises NotDone: supervisor does not answer."""
        deadline = Deadline.within(timeout_s)
        try:
            with self._answers():
                raw = self._call("supervisor.getProcessInfo", (name,), deadline)
        except xmlrpc.client.Fault as fault:
            raise Refusal(
                f"supervisor at {self._path} says of '{name}': {fault.faultString}"
            ) from fault
        except Unfinished as silent:  # looking changes nothing
            raise NotDone(str(silent)) from silent
        try:
            fields = TypeAdapter(dict[str, object]).validate_python(raw)
            return ProcessInfo.model_validate(
                {"pid": fields["pid"], "start": fields["start"], "state": fields["statename"]}
            )
        except (ValidationError, KeyError) as strange:
            raise NotDone(
                f"supervisor at {self._path} answered something else: {strange}"
            ) from strange

    def stop(self, name: str, deadline: Deadline) -> None:
        """Stop it and wait; nothing to do when it does not run."""
        self._ignoring(NOT_RUNNING, "supervisor.stopProcess", name, deadline)

    def start(self, name: str, deadline: Deadline) -> None:
        """Start it and wait until supervisor counts it as running."""
        self._ignoring(ALREADY_STARTED, "supervisor.startProcess", name, deadline)

    def settled(self, name: str, deadline: Deadline) -> ProcessInfo:
        """Wait while a start is still under way.

        :raises Unfinished: nobody says how it ended.
        """
        while True:
            try:
                now = self.info(name, max(_LOOK_AGAIN_S, deadline.left_s))
            except NotDone as silent:  # telling it has happened
                raise Unfinished(str(silent)) from silent
            if now.state != "STARTING" or deadline.left_s == 0:
                return now
            time.sleep(_LOOK_AGAIN_S)

    def _ignoring(self, fine: int, method: str, name: str, deadline: Deadline) -> None:
        deadline.last_moment()
        try:
            with self._answers():
                self._call(method, (name, True), deadline)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != fine:
                raise

    @contextmanager
    def _answers(self) -> Iterator[None]:
        """Translate what a socket can do into what a verb promises."""
        where = f"supervisor at {self._path}"
        try:
            yield
        except (ConnectionRefusedError, FileNotFoundError, PermissionError) as closed:
            raise NotDone(f"{where} does not answer ({closed}); is it running?") from closed
        except (OSError, http.client.HTTPException, xmlrpc.client.Error) as broken:
            if isinstance(broken, xmlrpc.client.Fault):
                raise
            raise Unfinished(f"{where} stopped answering ({broken!r})") from broken

    def _call(self, method: str, arguments: tuple[object, ...], deadline: Deadline) -> object:
        body = xmlrpc.client.dumps(arguments, method)  # type: ignore[arg-type] # strings and booleans
        connection = _Connection(self._path, deadline.left_s)
        try:
            connection.connect()
            with cut_after(connection.sock.fileno(), deadline.left_s):
                connection.request("POST", "/RPC2", body, {"Content-Type": "text/xml"})
                reply = connection.getresponse()
                if reply.status != http.HTTPStatus.OK:
                    raise http.client.HTTPException(f"HTTP {reply.status} {reply.reason}")
                text = reply.read(MAX_REPLY_BYTES)
            if deadline.left_s == 0:
                raise TimeoutError(f"{method} was not over in time")
        finally:
            connection.close()
        return _value(text)


def _value(answer: bytes) -> object:
    """What supervisor says.

    :raises HTTPException: it is somebody else, or was cut off.
    """
    try:
        values, _ = xmlrpc.client.loads(answer.decode())
        return values[0]
    except (ExpatError, ValueError, LookupError, TypeError, AttributeError) as strange:
        raise http.client.HTTPException(f"no XML-RPC: {strange}") from strange
