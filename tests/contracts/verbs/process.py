"""Two processes of a supervisord."""

from functools import partial

from tests.support.verb_cases import Case, Targets

from vigil.runner.verbs.base import Deadline
from vigil.runner.verbs.supervisor import Supervisor


def _process(targets: Targets, verb: str, **more: object) -> Case:
    supervised = targets.supervised()
    processes = Supervisor(str(supervised.socket))
    for name in ("web-1", "web-2"):
        processes.start(name, Deadline.within(10))
        assert processes.settled(name, Deadline.within(10)).runs
    if verb == "start":
        processes.stop("web-1", Deadline.within(10))
    where = {"supervisor": str(supervised.socket), "processes": ["web-1", "web-2"]}
    info = partial(processes.info, "web-1")
    undo = {"start": {"verb": "process.stop"}, "stop": {"verb": "process.start"}}.get(verb)
    return Case(
        grant={"verb": f"process.{verb}", **where, **more},
        arguments=("web-1",),
        outside=("other",),
        state=(lambda: info().pid) if verb == "restart" else (lambda: info().runs),
        away={"supervisor": str(targets.folder / "nobody.sock")},
        meddle=None,
        undo=None if undo is None else ({**undo, **where}, ("web-1",)),
    )


CASES = {
    "process.restart": partial(_process, verb="restart"),
    "process.start": partial(_process, verb="start"),
    "process.stop": partial(_process, verb="stop", least_running=1),
}
