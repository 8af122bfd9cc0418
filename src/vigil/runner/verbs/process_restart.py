"""``process.restart NAME``: stop a process and start it again, through its supervisor."""

import xmlrpc.client

from vigil.domain.verbs.process import ProcessRestartGrant
from vigil.runner.ledger import Outcome
from vigil.runner.verbs.base import Asked, Deadline, NotDone, Seen, Unfinished, covered
from vigil.runner.verbs.listening import once_it_listens
from vigil.runner.verbs.supervisor import LOOK_S, ProcessInfo, Supervisor


def bind(asked: Asked) -> "ProcessRestart":
    """A call, bound to its grant."""
    return ProcessRestart(asked.grant_of(ProcessRestartGrant), asked.arguments[0])


class ProcessRestart:
    """See ``Operation`` for what is promised."""

    def __init__(self, grant: ProcessRestartGrant, name: str) -> None:
        self._grant = grant
        self._name = name
        self._supervisor = Supervisor(grant.supervisor)

    def look(self) -> Seen:
        covered(self._name, self._grant.processes)
        now = self._supervisor.info(self._name)
        return now.seen(f"restart {self._name}, which is {now.state} (pid {now.pid})")

    def done_since(self, before: Seen) -> Outcome | None:
        was = ProcessInfo.of(before)
        now = self._supervisor.info(self._name)
        # A stop without its start leaves the old start time (and pid 0): that is not a restart.
        started = now.pid not in (0, was.pid) and now.start >= was.start
        if not started or now.state not in ("RUNNING", "STARTING"):
            return None
        return self._restarted(was, now, Deadline.within(LOOK_S))

    def do(self, before: Seen, deadline: Deadline) -> Outcome:
        was = ProcessInfo.of(before)
        try:
            self._supervisor.stop(self._name, deadline)
        except xmlrpc.client.Fault as fault:
            return Outcome(ok=False, text=f"{self._name} cannot be stopped: {fault.faultString}")
        try:
            self._supervisor.start(self._name, deadline)
            now = self._supervisor.settled(self._name, deadline)
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
        return self._restarted(was, now, deadline)

    def _restarted(self, was: ProcessInfo, now: ProcessInfo, deadline: Deadline) -> Outcome:
        return once_it_listens(
            self._grant.listens.get(self._name),
            f"{self._name} was restarted (pid {was.pid} -> {now.pid})",
            deadline,
            runs=lambda: self._supervisor.settled(self._name, deadline).runs,
        )
