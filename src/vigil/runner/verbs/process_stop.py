"""``process.stop NAME``: stop a process while enough of the others run."""

import xmlrpc.client

from vigil.domain.verbs.process import ProcessStopGrant
from vigil.runner.ledger import Outcome
from vigil.runner.verbs.base import Asked, Deadline, Refusal, Seen, covered
from vigil.runner.verbs.supervisor import ProcessInfo, Supervisor


def bind(asked: Asked) -> "ProcessStop":
    """A call, bound to its grant."""
    return ProcessStop(asked.grant_of(ProcessStopGrant), asked.arguments[0])


class ProcessStop:
    """See ``Operation`` for what is promised."""

    def __init__(self, grant: ProcessStopGrant, name: str) -> None:
        self._grant = grant
        self._name = name
        self._supervisor = Supervisor(grant.supervisor)

    def look(self) -> Seen:
        covered(self._name, self._grant.processes)
        now = self._supervisor.info(self._name)
        if not now.alive:
            return now.seen(f"nothing: {self._name} is {now.state}")
        if short := self._short():
            raise Refusal(short)
        return now.seen(f"stop {self._name} (pid {now.pid})")

    def done_since(self, before: Seen) -> Outcome | None:
        was, now = ProcessInfo.of(before), self._supervisor.info(self._name)
        if not now.alive:
            return self._stopped(was, now)
        if was.alive and now.pid == was.pid:
            return None
        text = f"{self._name} was started by somebody since (pid {now.pid}); it was left alone"
        return Outcome(ok=False, text=text)

    def do(self, before: Seen, deadline: Deadline) -> Outcome:
        was, now = ProcessInfo.of(before), self._supervisor.info(self._name, deadline.left_s)
        if now.alive and now.pid != was.pid:
            text = f"{self._name} was started anew meanwhile (pid {now.pid}); it was left alone"
            return Outcome(ok=False, text=text)
        if now.alive and (short := self._short()):
            return Outcome(ok=False, text=short)
        try:
            self._supervisor.stop(self._name, deadline)
        except xmlrpc.client.Fault as fault:
            return Outcome(ok=False, text=f"{self._name} cannot be stopped: {fault.faultString}")
        return self._stopped(was, now)

    def _short(self) -> str | None:
        """Why it has to go on: too few of the others run."""
        others = [name for name in self._grant.processes if name != self._name]
        running = [name for name in others if self._supervisor.info(name).runs]
        if len(running) >= self._grant.least_running:
            return None
        return (
            f"{self._name} has to go on: without it {len(running)} of the grant's processes run, "
            f"and least_running is {self._grant.least_running}"
        )

    def _stopped(self, was: ProcessInfo, now: ProcessInfo) -> Outcome:
        if not was.alive:
            return Outcome(ok=True, text=f"{self._name} does not run ({now.state})")
        return Outcome(ok=True, text=f"{self._name} was stopped (pid {was.pid})")
