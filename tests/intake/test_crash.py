"""Killed with -9 while it hears and takes in: what was answered is heard, and once."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from tests.intake.desk import complaint, delivery, open_desk

ROOT = Path(__file__).parents[2]

PROCESS = """
import asyncio, sys
from pathlib import Path
from tests.intake.desk import complaint, delivery, open_desk

async def send(desk, sender):
    number = 0
    while True:
        name = f"{sender}-{number}"
        await desk.inbox.put(delivery(complaint(f"Fault{number % 5}", name), name))
        print(name, flush=True)
        number += 1

async def main(directory, url):
    desk = open_desk(Path(directory), url)
    await asyncio.gather(desk.taking_in.work(), *(send(desk, sender) for sender in range(8)))

asyncio.run(main(*sys.argv[1:]))
"""


def killed_after(answered: int, directory: Path, url: str) -> set[str]:
    """The names of the deliveries that were answered, so many at least."""
    command = [sys.executable, "-c", PROCESS, str(directory), url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = {process.stdout.readline().strip() for _ in range(answered)}
        process.kill()
        return told | {line.strip() for line in process.stdout if line.endswith("\n")}


@pytest.mark.parametrize("answered", [1, 200])
async def test_killed_between_commit_and_answer_and_in_the_middle_of_a_batch(
    tmp_path: Path, database_url: str, answered: int
) -> None:
    told = await asyncio.to_thread(killed_after, answered, tmp_path, database_url)
    desk = open_desk(tmp_path, database_url)
    await desk.take_in()
    assert await desk.waiting() == {}
    counts = await desk.counts()
    assert {complaint("-", name).delivery_key for name in told} <= counts.keys()
    assert set(counts.values()) == {1}
    incidents = await desk.record.journal.incidents()
    assert len(incidents) == len({incident.symptom for incident in incidents}) <= 5
    timelines = [await desk.record.journal.events(incident.id) for incident in incidents]
    assert sum(map(len, timelines)) == len(counts)
    # Whoever had no answer sends it again.
    await desk.put(*(delivery(complaint("-", name), name) for name in sorted(told)))
    await desk.take_in()
    assert await desk.counts() == counts
    desk.record.engine.dispose()
