"""Which worker runs which file: each file whole, in the collected order, few labs at once."""

from functools import cache
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

MOST_LABS = 2
"""Workers that may be at files with a lab at the same time: more starve each other of a small
machine's processors, and what is timed in them fails."""
UNDISTURBED = "pytest.mark.undisturbed"
"""Of a file whose lab is judged for what a starved shop suffers as well: it counts as all of
them."""
LAB = "pytest.mark.lab"
IDLE = "pytest.mark.idle"
"""Of a file whose lab mostly waits, such as for the end of Vigil's patience: it starves nobody."""


class FewLabsAtOnce(LoadFileScheduling):  # type: ignore[misc] # xdist ships no types
    """Files in the order of the collection; while enough labs run, the first one without a lab."""

    def _assign_work_unit(self, node: WorkerController) -> None:
        free = MOST_LABS - self._labs_of_others(node)
        fitting = next((file for file in self.workqueue if self._labs(file) <= free), None)
        if fitting is not None:
            self.workqueue.move_to_end(fitting, last=False)
        elif not self._is_last(node):
            node.shutdown()
            return
        super()._assign_work_unit(node)

    def _is_last(self, node: WorkerController) -> bool:
        """What this one does not take would be left."""
        return all(other.shutting_down for other in self.nodes if other is not node)

    def _labs_of_others(self, node: WorkerController) -> int:
        others = (files for other, files in self.assigned_work.items() if other is not node)
        return sum(max(map(self._labs, self._unfinished(files)), default=0) for files in others)

    @staticmethod
    def _unfinished(files: dict[str, dict[str, bool]]) -> list[str]:
        return [file for file, tests in files.items() if not all(tests.values())]

    def _labs(self, file: str) -> int:
        return _labs(self.config.rootpath / file)


@cache
def _labs(file: Path) -> int:
    """Who distributes the tests collects none, so the mark is read where it is written."""
    text = file.read_text()
    if LAB not in text or IDLE in text:
        return 0
    return MOST_LABS if UNDISTURBED in text else 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FewLabsAtOnce | None:
    """What ``--dist loadfile`` is here."""
    return FewLabsAtOnce(config, log) if config.getvalue("dist") == "loadfile" else None
