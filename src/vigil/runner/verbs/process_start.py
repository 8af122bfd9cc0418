"""``process.start NAME``: start a process that does not run, through its supervisor."""

import xmlrpc.client

from vigil.domain.verbs.process import ProcessStartGrant
from vigil.runner.ledger import Outcome
from vigil.runner.verbs.base import Asked, Deadline, Seen, covered
from vigil.runner.verbs.listening import once_it_listens
from vigil.runner.verbs.supervisor import LOOK_S, ProcessInfo, Supervisor


def bind(asked: Asked) -> "ProcessStart":
    """A call, bound to its grant."""
    return ProcessStart(asked.grant_of(ProcessStartGrant), asked.arguments[0])


class ProcessStart:
    """See ``Operation`` for what is promised."""

    def __init__(self, grant: ProcessStartGrant, name: str) -> None:
        self._grant = grant
        self._name = name
        self._supervisor = Supervisor(grant.supervisor)

    def look(self) -> Seen:
        covered(self._name, self._grant.processes)
        now = self._supervisor.info(self._name)
        would = f"nothing: {self._name} runs" if now.runs else f"start {self._name}"
        return now.seen(would)

    def done_since(self, before: Seen) -> Outcome | None:
        was, now = ProcessInfo.of(before), self._supervisor.info(self._name)
        if now.runs or now.state == "STARTING":
            return self._runs(was, now, Deadline.within(LOOK_S))
        if now.start != was.start:
            text = f"{self._name} was started and is {now.state}; it was left alone"
            return Outcome(ok=False, text=text)
        return None

    def do(self, before: Seen, deadline: Deadline) -> Outcome:
        was = ProcessInfo.of(before)
        try:
            self._supervisor.start(self._name, deadline)
            now = self._supervisor.settled(self._name, deadline)
        except xmlrpc.client.Fault as fault:
            text = f"{self._name} cannot be started: {fault.faultString}; read its own log"
            return Outcome(ok=False, text=text)
        if not now.runs:
            return Outcome(ok=False, text=f"{self._name} was started and is {now.state}")
        return self._runs(was, now, deadline)

    def _runs(self, was: ProcessInfo, now: ProcessInfo, deadline: Deadline) -> Outcome:
        already = was.runs and was.pid == now.pid
        return once_it_listens(
            self._grant.listens.get(self._name),
            f"{self._name} {'runs already' if already else 'was started'} (pid {now.pid})",
            deadline,
            runs=lambda: self._supervisor.settled(self._name, deadline).runs,
        )
