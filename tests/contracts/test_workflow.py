"""The promises of the workflow, by number, in processes of their own.

One history is told to every test: a first process is killed with -9 while it runs segments, a
second one, whose code has been changed, goes on and is shut down in order, a third one ends it.
Promise 4 has histories of its own: one that is lost with a process, and some that went wrong.
"""

import asyncio
import json
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.programs import wait_until
from tests.support.segments import ATTEMPTS, GO

from vigil.domain.errors import PermanentError
from vigil.integrations.workflow import dbos
from vigil.ports.workflow import Segment

ROOT = Path(__file__).parents[2]
ADAPTER = Path(dbos.__file__)
MANY = 25
"""More than a process runs side by side, so that the last ones have not begun when it is killed."""


@dataclass(frozen=True)
class Log:
    """What the processes wrote, oldest first."""

    file: Path

    @property
    def lines(self) -> list[str]:
        return self.file.read_text().splitlines() if self.file.exists() else []

    def count(self, start: str) -> int:
        return sum(f"{line} ".startswith(f"{start} ") for line in self.lines)

    def wait_for(self, start: str, times: int = 1) -> None:
        wait_until(lambda: self.count(start) >= times, f"{times} times '{start}'")


class Process:
    """One process that runs segments."""

    def __init__(self, opened: "subprocess.Popen[str]", log: Log) -> None:
        self._opened = opened
        self._log = log

    def ask(self, segment: str, incident: str, attempt: int = 1) -> None:
        assert self._opened.stdin is not None
        asked = f"asked {segment} {incident} {attempt}"
        before = self._log.count(asked)
        self._opened.stdin.write(f"{segment} {incident} {attempt}\n")
        self._opened.stdin.flush()
        self._log.wait_for(asked, before + 1)

    def kill(self) -> None:
        self._opened.kill()
        self._opened.wait()

    def shut_down(self) -> None:
        self._opened.communicate("shutdown\n", timeout=10)
        assert self._opened.returncode == 0


@contextmanager
def process(state: Path, adapter: Path = ADAPTER) -> Iterator[Process]:
    log = Log(state / "log")
    launched = log.count("launched")
    command = [sys.executable, "-m", "tests.support.segments", str(state), str(adapter)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, text=True) as opened:
        try:
            log.wait_for("launched", launched + 1)
            yield Process(opened, log)
        finally:
            opened.kill()


def changed_code(state: Path) -> Path:
    """The adapter as a later release might have it."""
    text = ADAPTER.read_text()
    old = "            try:\n                await run_segment_v1("
    assert old in text
    changed = state / "changed.py"
    changed.write_text(text.replace(old, f"            _ = 'a later release'\n{old}"))
    return changed


def first_process(state: Path, log: Log) -> None:
    with process(state) as first:
        for incident in ("quick-1", "quick-1", "busy-1", "flaky-1", "broken-1", "unheard-1"):
            first.ask("orient", incident)
        first.ask("orient", "stuck-1")
        for end in ("ends orient quick-1", *(f"gave_up {i}-1" for i in ("busy", "broken"))):
            log.wait_for(end)
        log.wait_for("gave_up unheard-1")
        log.wait_for("ends orient flaky-1")
        first.ask("orient", "quick-1")
        first.ask("decide", "quick-1")
        first.ask("orient", "quick-1", 2)
        log.wait_for("ends orient quick-1 2")
        for number in range(MANY):
            first.ask("act", f"long-{number}")
        log.wait_for("gives_up stuck-1")
        log.wait_for("begins act", dbos.AT_ONCE - 1)
        first.kill()


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    state = tmp_path_factory.mktemp("workflow")
    log = Log(state / "log")
    first_process(state, log)
    with process(state, changed_code(state)) as second:
        second.ask("orient", "quick-1")
        second.ask("act", "long-0")
        (state / GO).touch()
        log.wait_for("ends act", MANY)
        log.wait_for("gave_up stuck-1")
        (state / GO).unlink()
        second.ask("close", "long-0")
        log.wait_for("begins close long-0")
        second.shut_down()
    (state / GO).touch()
    with process(state) as third:
        log.wait_for("ends close long-0")
        # What a segment did is on record before DBOS hears of its end.
        wait_until(lambda: statuses(state) == {"SUCCESS"}, "the end of every segment")
        third.shut_down()
    return log


def statuses(state: Path) -> set[str]:
    with closing(sqlite3.connect(state / "workflow.sqlite")) as database:
        return {row[0] for row in database.execute("SELECT status FROM workflow_status")}


@pytest.mark.parametrize(
    "segment", ["orient quick-1 1", "decide quick-1 1", "orient quick-1 2", "orient flaky-1 1"]
)
def test_1_the_same_segment_again_starts_nothing_new(log: Log, segment: str) -> None:
    assert log.count(f"ends {segment}") == 1


def test_1_segments_attempts_and_incidents_are_kept_apart(log: Log) -> None:
    assert log.count("begins orient quick-1 1") == 1
    assert log.count("begins orient quick-1 2") == 1
    assert log.count("begins decide quick-1 1") == 1


def test_2_a_killed_segment_is_run_again_from_its_start(log: Log) -> None:
    killed = log.lines.index("launched", 1)
    begun = [line for line in log.lines[:killed] if line.startswith("begins act")]
    assert len(begun) == dbos.AT_ONCE - 1  # the segment that was given up has a place too
    assert all(log.count(line) == 2 for line in begun)


def test_2_what_was_asked_and_not_begun_is_run_once(log: Log) -> None:
    killed = log.lines.index("launched", 1)
    begun = {line for line in log.lines[:killed] if line.startswith("begins act")}
    later = {f"begins act long-{n} 1" for n in range(MANY)} - begun
    assert len(later) == MANY - dbos.AT_ONCE + 1
    assert all(log.count(line) == 1 for line in later)


def test_2_every_segment_comes_to_its_end_once(log: Log) -> None:
    assert [log.count(f"ends act long-{n} 1") for n in range(MANY)] == [1] * MANY


def test_2_after_a_shutdown_the_next_process_takes_up_what_was_under_way(log: Log) -> None:
    assert log.count("begins close long-0 1") == 2
    assert log.count("ends close long-0 1") == 1


def test_3_something_temporary_is_tried_again_and_then_given_up(log: Log) -> None:
    assert log.count("begins orient busy-1") == ATTEMPTS
    assert log.count("gave_up busy-1 the target does not answer") == 1


def test_3_something_temporary_that_passes_is_not_given_up(log: Log) -> None:
    assert log.count("begins orient flaky-1") == ATTEMPTS
    assert log.count("gives_up flaky-1") == 0


def test_3_something_permanent_is_given_up_at_once(log: Log) -> None:
    assert log.count("begins orient broken-1") == 1
    assert log.count("gave_up broken-1 nothing can be done") == 1


def test_3_killed_while_giving_up_it_is_given_up_by_the_next_process(log: Log) -> None:
    assert log.count("begins orient stuck-1") == 1
    assert log.count("gives_up stuck-1") == 2
    ends = [line for line in log.lines if line.startswith("gave_up stuck-1")]
    assert len(ends) == 1
    assert "nothing can be done" in ends[0]


def test_3_giving_up_is_tried_again_too(log: Log) -> None:
    assert log.count("gives_up unheard-1") == ATTEMPTS
    assert log.count("gave_up unheard-1 nothing can be done") == 1


def test_4_where_the_history_is_lost_a_segment_is_run_again_from_its_start(tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    with process(tmp_path) as first:
        first.ask("orient", "quick-1")
        first.ask("act", "long-1")
        log.wait_for("ends orient quick-1")
        log.wait_for("begins act long-1")
        first.kill()
    for file in tmp_path.glob("workflow.sqlite*"):
        file.unlink()
    (tmp_path / GO).touch()
    with process(tmp_path) as second:
        for segment in (("orient", "quick-1"), ("act", "long-1"), ("act", "long-1")):
            second.ask(*segment)
        log.wait_for("ends orient quick-1", 2)
        log.wait_for("ends act long-1")
        wait_until(lambda: statuses(tmp_path) == {"SUCCESS"}, "the end of both")
        second.shut_down()
    assert log.count("begins act long-1") == 2


class Faulty:
    """Segments that cannot even be given up, until they are mended."""

    def __init__(self) -> None:
        self.mended = False
        self.begun = 0
        self.ended = 0

    async def run(self, segment: Segment, incident: str, attempt: int) -> None:
        self.begun += 1
        if not self.mended:
            raise PermanentError(f"{segment} {incident} {attempt} cannot be done")
        self.ended += 1

    async def give_up(self, incident: str, error: Exception) -> None:
        raise PermanentError(f"{incident} cannot be given up: {error}")


@asynccontextmanager
async def failed(state: Path) -> AsyncIterator[tuple[dbos.DbosWorkflow, Faulty]]:
    """A workflow in this process, one segment of which failed without an end."""
    faulty = Faulty()
    workflow = dbos.DbosWorkflow(state / "workflow.sqlite")
    await workflow.launch(faulty.run, faulty.give_up)
    try:
        await start(workflow)
        await come_to(state, "ERROR")
        yield workflow, faulty
    finally:
        await workflow.shutdown()


async def start(workflow: dbos.DbosWorkflow) -> None:
    await workflow.start(Segment.ACT, "inc", 1)


async def come_to(state: Path, status: str) -> None:
    async with asyncio.timeout(10):
        while statuses(state) != {status}:  # noqa: ASYNC110 - DBOS's own database is asked
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("status", ["ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"])
async def test_4_a_segment_that_failed_without_an_end_is_run_again(
    tmp_path: Path, status: str
) -> None:
    async with failed(tmp_path) as (workflow, faulty):
        with closing(sqlite3.connect(tmp_path / "workflow.sqlite")) as database, database:
            database.execute("UPDATE workflow_status SET status = ?", (status,))
        faulty.mended = True
        await start(workflow)
        await come_to(tmp_path, "SUCCESS")
        assert (faulty.begun, faulty.ended) == (2, 1)
        # Now it has come to its end, and promise 1 holds again.
        await start(workflow)
        await come_to(tmp_path, "SUCCESS")
        assert (faulty.begun, faulty.ended) == (2, 1)


async def test_4_each_start_runs_what_fails_once(tmp_path: Path) -> None:
    async with failed(tmp_path) as (workflow, faulty):
        for times in (2, 3):
            await start(workflow)
            async with asyncio.timeout(10):
                while faulty.begun < times:  # noqa: ASYNC110 - DBOS says nothing of its own accord
                    await asyncio.sleep(0.02)
            await come_to(tmp_path, "ERROR")
            assert faulty.begun == times


def test_the_database_holds_json_of_one_version(log: Log) -> None:
    """Pickle would run what somebody wrote there; a version of its own would strand segments."""
    with closing(sqlite3.connect(log.file.with_name("workflow.sqlite"))) as database:
        segments = database.execute(
            "SELECT application_version, serialization FROM workflow_status"
        ).fetchall()
        values = database.execute(
            "SELECT inputs FROM workflow_input UNION ALL "
            "SELECT output FROM workflow_output UNION ALL SELECT error FROM workflow_output "
            "UNION ALL SELECT output FROM operation_outputs "
            "UNION ALL SELECT error FROM operation_outputs"
        ).fetchall()
        (journal,) = database.execute("PRAGMA journal_mode").fetchone()
    assert set(segments) == {("vigil-1", "vigil_json")}
    assert [json.loads(text) for (text,) in values if text is not None]
    assert journal == "wal"
