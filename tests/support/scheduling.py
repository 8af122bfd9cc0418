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
LAB = "pytest.mark.lab"
IDLE = "pytest.mark.idle"
"""Of a file whose lab mostly waits, such as for the end of Vigil's patience: it starves nobody."""


class FewLabsAtOnce(LoadFileScheduling):  # type: ignore[misc] # xdist ships no types
    """Files in the order of the collection; while enough labs run, the first one without a lab."""

    def _assign_work_unit(self, node: WorkerController) -> None:
        enough = self._others_at_labs(node) >= MOST_LABS
        for file in self.workqueue:
            if not (enough and self._is_lab(file)):
                self.workqueue.move_to_end(file, last=False)
                super()._assign_work_unit(node)
                return
        node.shutdown()

    def _others_at_labs(self, node: WorkerController) -> int:
        others = (files for other, files in self.assigned_work.items() if other is not node)
        return sum(any(map(self._is_lab, self._unfinished(files))) for files in others)

    @staticmethod
    def _unfinished(files: dict[str, dict[str, bool]]) -> list[str]:
        return [file for file, tests in files.items() if not all(tests.values())]

    def _is_lab(self, file: str) -> bool:
        return _is_lab(self.config.rootpath / file)


@cache
def _is_lab(file: Path) -> bool:
    """Who distributes the tests collects none, so the mark is read where it is written."""
    text = file.read_text()
    return LAB in text and IDLE not in text


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FewLabsAtOnce | None:
    """What ``--dist loadfile`` is here."""
    return FewLabsAtOnce(config, log) if config.getvalue("dist") == "loadfile" else None
