"""``process.restart NAME``: stop a process and start it again, through its supervisor."""

import time
import xmlrpc.client

from vigil.domain.grant import ProcessRestartGrant
from vigil.runner.ledger import Outcome
from vigil.runner.verbs.base import Deadline, NotDone, Refusal, Seen, Unfinished
from vigil.runner.verbs.supervisor import ProcessInfo, Supervisor

_LOOK_AGAIN_S = 0.1


class ProcessRestart:
    """See ``Operation`` for what is promised."""

    def __init__(self, grant: ProcessRestartGrant, name: str) -> None:
        self._grant = grant
        self._name = name
        self._supervisor = Supervisor(grant.supervisor)

    def look(self) -> Seen:
        if self._name not in self._grant.processes:
            granted = ", ".join(self._grant.processes)
            raise Refusal(f"the grant does not cover '{self._name}' (it covers: {granted})")
        return self._supervisor.info(self._name).model_dump(mode="json")

    def done_since(self, before: Seen) -> Outcome | None:
        was = ProcessInfo.model_validate(before)
        now = self._supervisor.info(self._name)
        # A stop without its start leaves the old start time (and pid 0): that is not a restart.
        started = now.pid not in (0, was.pid) and now.start >= was.start
        if not started or now.state not in ("RUNNING", "STARTING"):
            return None
        return Outcome(ok=True, text=f"{self._name} was restarted (pid {was.pid} -> {now.pid})")

    def do(self, before: Seen, deadline: Deadline) -> Outcome:
        was = ProcessInfo.model_validate(before)
        try:
            self._supervisor.stop(self._name, deadline)
        except xmlrpc.client.Fault as fault:
            return Outcome(ok=False, text=f"{self._name} cannot be stopped: {fault.faultString}")
        try:
            self._supervisor.start(self._name, deadline)
            now = self._settled(deadline)
        except xmlrpc.client.Fault as fault:
            return Outcome(
                ok=False,
                text=f"{self._name} was stopped and cannot be started: {fault.faultString}; "
                "read its own log for the reason",
            )
        except NotDone as gone:  # the stop has happened
            raise Unfinished(str(gone)) from gone
        if not now.runs:
            return Outcome(ok=False, text=f"{self._name} was started and is {now.state}")
        return Outcome(ok=True, text=f"{self._name} was restarted (pid {was.pid} -> {now.pid})")

    def _settled(self, deadline: Deadline) -> ProcessInfo:
        """Wait while somebody else's start is still under way."""
        while True:
            now = self._supervisor.info(self._name, max(_LOOK_AGAIN_S, deadline.left_s))
            if now.state != "STARTING" or deadline.left_s == 0:
                return now
            time.sleep(_LOOK_AGAIN_S)
