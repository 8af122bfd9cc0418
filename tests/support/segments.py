"""A process that runs segments, for tests that kill it.

``python -m tests.support.segments STATE ADAPTER URL EXECUTOR`` is asked by lines on its standard
input, ``SEGMENT INCIDENT ATTEMPT [TURN]`` or ``shutdown``, and writes what happens to STATE/log,
one line each, in single writes that a kill cannot tear. How a segment goes is said by the
incident's name up to the first dash.
"""

import asyncio
import importlib.util
import os
import sys
from collections import Counter
from pathlib import Path

from vigil.domain.errors import PermanentError, PortUnavailable
from vigil.ports.workflow import Segment

GO = "go"
"""While this file is not there, segments named ``long`` and ``stuck`` do not get further."""
ATTEMPTS = 3
PAUSE_S = 0.05


class Story:
    """What the segments do."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._log = os.open(state / "log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._tries: Counter[str] = Counter()

    def note(self, *words: object) -> None:
        os.write(self._log, f"{' '.join(map(str, words))}\n".encode())

    async def run(self, segment: Segment, incident: str, attempt: int) -> None:
        self.note("begins", segment, incident, attempt)
        kind = incident.partition("-")[0]
        if kind == "long":
            await self._until_go()
        if kind == "busy" or (kind == "flaky" and self._too_early(incident)):
            raise PortUnavailable("the target does not answer")
        if kind in ("broken", "stuck", "unheard"):
            raise PermanentError("nothing can be done")
        self.note("ends", segment, incident, attempt)

    async def give_up(self, _: Segment, incident: str, attempt: int, error: Exception) -> None:
        self.note("gives_up", incident, error)
        kind = incident.partition("-")[0]
        if kind == "stuck":
            await self._until_go()
        if kind == "unheard" and self._too_early(incident):
            raise PortUnavailable("the record cannot be written")
        self.note("gave_up", incident, error)

    def _too_early(self, incident: str) -> bool:
        self._tries[incident] += 1
        return self._tries[incident] < ATTEMPTS

    async def _until_go(self) -> None:
        while not (self._state / GO).exists():  # noqa: ASYNC110 - the word comes from another process
            await asyncio.sleep(0.02)


async def main(state: Path, adapter: Path, url: str, executor: str) -> None:
    """Run segments until told to shut down."""
    story = Story(state)
    spec = importlib.util.spec_from_file_location("adapter", adapter)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["adapter"] = module
    spec.loader.exec_module(module)
    workflow = module.DbosWorkflow(
        url,
        executor,
        attempts=ATTEMPTS,
        first_pause_s=PAUSE_S,
        give_up_pause_s=PAUSE_S,
    )
    await workflow.launch(story.run, story.give_up)
    story.note("launched")
    while (line := (await asyncio.to_thread(sys.stdin.readline)).strip()) not in ("", "shutdown"):
        segment, incident, *numbers = line.split()
        await workflow.start(Segment(segment), incident, *map(int, numbers))
        story.note("asked", line)
    await workflow.shutdown()
    story.note("shut_down")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:]))
