"""Segments that a released version's DBOS was running when it was killed (about 4 s a release)."""

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from tests.support.programs import wait_until
from tests.support.segments import GO
from tests.upgrades.kept import RECORDS, releases
from tests.upgrades.make import WORKFLOW, segments_in


@pytest.mark.parametrize("release", releases())
def test_segments_under_way_and_in_the_queue_end(tmp_path: Path, release: str) -> None:
    with closing(sqlite3.connect(tmp_path / "workflow.sqlite")) as database:
        database.executescript((RECORDS / release / WORKFLOW).read_text())
        asked = statuses(database)
    assert set(asked) == {"PENDING", "ENQUEUED"}
    (tmp_path / GO).touch()
    with segments_in(tmp_path) as process:
        try:
            wait_until(lambda: ended(tmp_path / "log") == asked.total(), "every segment", process)
        finally:
            process.kill()
    # What a segment did is done before DBOS hears of its end, so it may hear of it never.
    with closing(sqlite3.connect(tmp_path / "workflow.sqlite")) as database:
        assert set(statuses(database)) <= {"SUCCESS", "PENDING"}


def statuses(database: sqlite3.Connection) -> Counter[str]:
    return Counter(row[0] for row in database.execute("SELECT status FROM workflow_status"))


def ended(log: Path) -> int:
    lines = log.read_text().splitlines() if log.exists() else []
    return len({line for line in lines if line.startswith("ends act long-")})
