"""Killed with -9 in the middle of writing: what was said to be done is there, nothing is half."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.record import open_record

from vigil.cli.public_key import signature_check
from vigil.domain.audit import verify_export
from vigil.integrations.journal import export_lines
from vigil.ports.workflow import Segment

ROOT = Path(__file__).parents[2]

WRITER = """
import asyncio, sys
from pathlib import Path
from tests.support.record import at, open_record, opened
from vigil.domain.incident import Stage
from vigil.ports.journal import NextSegment, Note
from vigil.ports.workflow import Segment

async def main(directory, url):
    record = open_record(Path(directory), url)
    number = 0
    while True:
        number += 1
        incident = await opened(record, symptom=f"s{number}")
        await record.journal.commit(
            incident=incident.moved(Stage.INVESTIGATING, at(1)),
            expected=(Stage.TRIGGERED, 1),
            now=at(1),
            notes=[Note(kind="one"), Note(kind="two")],
            following=NextSegment(segment=Segment.DECIDE, incident=incident.id, attempt=1),
        )
        print(incident.id, flush=True)
        if number % 5 == 0:
            await record.journal.checkpoint(at(2))

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("finished", [1, 6, 23])
def test_killed_while_writing(tmp_path: Path, database_url: str, finished: int) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path), database_url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        told = {writer.stdout.readline().strip() for _ in range(finished)}
        writer.kill()
        told |= {line.strip() for line in writer.stdout if line.endswith("\n")}
    record = open_record(tmp_path, database_url)
    incidents = asyncio.run(record.journal.incidents(1000))
    due = {(s.segment, s.incident) for s in asyncio.run(record.journal.due(1000))}
    moved = {i.id for i in incidents if i.stage == "INVESTIGATING"}
    assert told <= moved
    assert {i for segment, i in due if segment is Segment.ORIENT} == {i.id for i in incidents}
    assert {i for segment, i in due if segment is Segment.DECIDE} == moved
    for incident in incidents:
        events = asyncio.run(record.journal.events(incident.id))
        assert len(events) == (3 if incident.id in moved else 1)
    lines = [
        line.encode() for line in export_lines(record.engine, record.keys, incidents[0].opened_at)
    ]
    key = record.keys.public_key
    assert verify_export(lines, signature_check(key), public_key=key).problems == ()
    record.engine.dispose()
