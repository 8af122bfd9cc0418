"""The promises of the workflow, by number, in processes of their own.

One history is told to every test: a first process is killed with -9 while it runs segments, a
second one, whose code has been changed, goes on and is shut down in order, a third one ends it.
Promise 4 has histories of its own: one that is lost with a process, and some that went wrong.
"""

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, event, text
from tests.support.databases import PostgresServer, url_of
from tests.support.programs import free_port, postgres_cluster, wait_until
from tests.support.segments import ATTEMPTS, GO

from vigil.domain.errors import PermanentError, PortUnavailable
from vigil.integrations.workflow import dbos
from vigil.integrations.workflow.database import open_history
from vigil.ports.workflow import Segment

pytestmark = pytest.mark.takes(60)

ROOT = Path(__file__).parents[2]
ADAPTER = Path(dbos.__file__)
KILLED = "killed"
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

    def ask(self, segment: str, incident: str, attempt: int = 1, *turn: int) -> None:
        assert self._opened.stdin is not None
        line = " ".join(map(str, (segment, incident, attempt, *turn)))
        asked = f"asked {line}"
        before = self._log.count(asked)
        self._opened.stdin.write(f"{line}\n")
        self._opened.stdin.flush()
        self._log.wait_for(asked, before + 1)

    def kill(self) -> None:
        """Whatever comes after that line in the log is another process's."""
        self._opened.kill()
        self._opened.wait()
        with self._log.file.open("a") as file:
            file.write(f"{KILLED}\n")

    def shut_down(self) -> None:
        self._opened.communicate("shutdown\n", timeout=10)
        assert self._opened.returncode == 0


@dataclass(frozen=True)
class Place:
    """Where processes run, one after the other, and where DBOS keeps their history."""

    state: Path
    url: str

    @property
    def log(self) -> Log:
        return Log(self.state / "log")

    def rows(self, statement: str, **values: str) -> list[Row[Any]]:
        engine = open_history(self.url)
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql("SET LOCAL search_path TO dbos")
            result = connection.execute(text(statement), values)
            found = list(result) if result.returns_rows else []
        engine.dispose()
        return found

    def statuses(self) -> set[str]:
        return {row.status for row in self.rows("SELECT status FROM workflow_status")}


@contextmanager
def process(place: Place, adapter: Path = ADAPTER, executor: str = dbos.ALONE) -> Iterator[Process]:
    log = place.log
    launched = log.count("launched")
    command = [sys.executable, "-m", "tests.support.segments"]
    command += [str(place.state), str(adapter), place.url, executor]
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


def first_process(place: Place) -> None:
    log = place.log
    with process(place) as first:
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
        for turn in (1, 1, 2, 2, 3):
            first.ask("decide", "turns-1", 1, turn)
            log.wait_for("ends decide turns-1", turn)
        for number in range(MANY):
            first.ask("act", f"long-{number}")
        log.wait_for("gives_up stuck-1")
        log.wait_for("begins act", dbos.AT_ONCE - 1)
        first.kill()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """With a history in it."""
    state = tmp_path_factory.mktemp("workflow")
    if request.param == "sqlite":
        place = Place(state, f"sqlite:///{state / 'workflow.sqlite'}")
        tell(place)
        yield place
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database() as url:
        place = Place(state, url)
        tell(place)
        yield place


@pytest.fixture
def log(place: Place) -> Log:
    return place.log


def tell(place: Place) -> None:
    log = place.log
    first_process(place)
    with process(place, changed_code(place.state)) as second:
        second.ask("orient", "quick-1")
        second.ask("act", "long-0")
        (place.state / GO).touch()
        log.wait_for("ends act", MANY)
        log.wait_for("gave_up stuck-1")
        (place.state / GO).unlink()
        second.ask("close", "long-0")
        log.wait_for("begins close long-0")
        second.shut_down()
    (place.state / GO).touch()
    with process(place) as third:
        log.wait_for("ends close long-0")
        # What a segment did is on record before DBOS hears of its end.
        wait_until(lambda: place.statuses() == {"SUCCESS"}, "the end of every segment")
        third.shut_down()


@pytest.mark.parametrize(
    "segment", ["orient quick-1 1", "decide quick-1 1", "orient quick-1 2", "orient flaky-1 1"]
)
def test_1_the_same_segment_again_starts_nothing_new(log: Log, segment: str) -> None:
    assert log.count(f"ends {segment}") == 1


def test_1_segments_attempts_and_incidents_are_kept_apart(log: Log) -> None:
    assert log.count("begins orient quick-1 1") == 1
    assert log.count("begins orient quick-1 2") == 1
    assert log.count("begins decide quick-1 1") == 1


def test_1_another_turn_is_run_once_more(log: Log) -> None:
    assert log.count("begins decide turns-1 1") == 3


def test_2_a_killed_segment_is_run_again_from_its_start(log: Log) -> None:
    killed = log.lines.index(KILLED)
    begun = [line for line in log.lines[:killed] if line.startswith("begins act")]
    # The segment that was given up has a place too, if it has not ended by then.
    assert len(begun) in {dbos.AT_ONCE - 1, dbos.AT_ONCE}
    assert all(log.count(line) == 2 for line in begun)


def test_2_what_was_asked_and_not_begun_is_run_once(log: Log) -> None:
    killed = log.lines.index(KILLED)
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


@pytest.fixture
def new_place(tmp_path: Path, empty_database_url: str) -> Place:
    return Place(tmp_path, empty_database_url)


def lose_history(place: Place) -> None:
    if place.url.startswith("sqlite"):
        for file in place.state.glob("vigil.sqlite*"):
            file.unlink()
    else:
        place.rows("DROP SCHEMA dbos CASCADE")


def test_4_where_the_history_is_lost_a_segment_is_run_again_from_its_start(
    new_place: Place,
) -> None:
    log = new_place.log
    with process(new_place) as first:
        first.ask("orient", "quick-1")
        first.ask("act", "long-1")
        log.wait_for("ends orient quick-1")
        log.wait_for("begins act long-1")
        first.kill()
    lose_history(new_place)
    (new_place.state / GO).touch()
    with process(new_place) as second:
        for segment in (("orient", "quick-1"), ("act", "long-1"), ("act", "long-1")):
            second.ask(*segment)
        log.wait_for("ends orient quick-1", 2)
        log.wait_for("ends act long-1")
        wait_until(lambda: new_place.statuses() == {"SUCCESS"}, "the end of both")
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

    async def give_up(self, _: Segment, incident: str, attempt: int, error: Exception) -> None:
        raise PermanentError(f"{incident} cannot be given up: {error}")


@asynccontextmanager
async def failed(place: Place) -> AsyncIterator[tuple[dbos.DbosWorkflow, Faulty]]:
    """A workflow in this process, one segment of which failed without an end."""
    faulty = Faulty()
    workflow = dbos.DbosWorkflow(place.url)
    await workflow.launch(faulty.run, faulty.give_up)
    try:
        await start(workflow)
        await come_to(place, "ERROR")
        yield workflow, faulty
    finally:
        await workflow.shutdown()


async def start(workflow: dbos.DbosWorkflow) -> None:
    await workflow.start(Segment.ACT, "inc", 1)


async def come_to(place: Place, status: str) -> None:
    async with asyncio.timeout(10):
        while place.statuses() != {status}:  # noqa: ASYNC110 - DBOS's own database is asked
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("status", ["ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"])
async def test_4_a_segment_that_failed_without_an_end_is_run_again(
    new_place: Place, status: str
) -> None:
    async with failed(new_place) as (workflow, faulty):
        new_place.rows("UPDATE workflow_status SET status = :status", status=status)
        faulty.mended = True
        await start(workflow)
        await come_to(new_place, "SUCCESS")
        assert (faulty.begun, faulty.ended) == (2, 1)
        # Now it has come to its end, and promise 1 holds again.
        await start(workflow)
        await come_to(new_place, "SUCCESS")
        assert (faulty.begun, faulty.ended) == (2, 1)


async def test_4_each_start_runs_what_fails_once(new_place: Place) -> None:
    async with failed(new_place) as (workflow, faulty):
        for times in (2, 3):
            await start(workflow)
            async with asyncio.timeout(10):
                while faulty.begun < times:  # noqa: ASYNC110 - DBOS says nothing of its own accord
                    await asyncio.sleep(0.02)
            await come_to(new_place, "ERROR")
            assert faulty.begun == times


class Slow:
    """Segments that wait for a word, or for ever."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.cut_off: list[str] = []
        self.go = asyncio.Event()

    async def run(self, segment: Segment, incident: str, attempt: int) -> None:
        self.begun.append(incident)
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cut_off.append(incident)
            raise
        self.ended.append(incident)

    async def give_up(self, _: Segment, incident: str, attempt: int, error: Exception) -> None:
        raise AssertionError(f"{incident} was given up: {error}")


@asynccontextmanager
async def slow(place: Place, *incidents: str) -> AsyncIterator[tuple[dbos.DbosWorkflow, Slow]]:
    """A worker in this process, which has begun these."""
    story = Slow()
    workflow = dbos.DbosWorkflow(place.url, "me")
    await workflow.launch(story.run, story.give_up)
    try:
        for incident in incidents:
            await workflow.start(Segment.ACT, incident, 1)
        await until(lambda: len(story.begun) == len(incidents))
        yield workflow, story
    finally:
        await workflow.shutdown()


async def until(seen: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not seen():  # noqa: ASYNC110 - DBOS says nothing of its own accord
            await asyncio.sleep(0.02)


async def test_5_what_a_dead_worker_had_begun_is_run_again_and_the_living_are_left_alone(
    tmp_path: Path, empty_postgres_url: str
) -> None:
    place = Place(tmp_path, empty_postgres_url)
    with process(place, executor="dead") as dead:
        for number in range(2):
            dead.ask("act", f"long-{number}")
        place.log.wait_for("begins act", 2)
        with process(place, executor="lives") as lives:
            for number in range(2, MANY):
                lives.ask("act", f"long-{number}")
            place.log.wait_for("begins act", MANY)
            dead.kill()
            theirs = begun_by(place, "dead")
            assert len(theirs) >= 2
            async with slow(place) as (workflow, story):
                story.go.set()

                async def living() -> set[str]:
                    return {"me", "lives"}

                assert await workflow.adopt(living) == 0
                (place.state / GO).touch()
                await come_to(place, "SUCCESS")
                assert await workflow.adopt(living) == 0
    assert place.log.count("begins act") + len(story.begun) == MANY + len(theirs)


def begun_by(place: Place, executor: str) -> list[Row[Any]]:
    statement = "SELECT workflow_uuid FROM workflow_status WHERE executor_id = :executor"
    return place.rows(f"{statement} AND status = 'PENDING'", executor=executor)


async def test_5_where_the_next_process_takes_up_by_itself_there_is_nothing_to_adopt(
    tmp_path: Path,
) -> None:
    place = Place(tmp_path, f"sqlite:///{tmp_path / 'workflow.sqlite'}")
    async with slow(place, "a") as (workflow, story):

        async def nobody() -> set[str]:
            return set()

        assert await workflow.adopt(nobody) == 0
        story.go.set()
        await come_to(place, "SUCCESS")
        assert story.begun == ["a"]


async def test_6_what_is_under_way_ends_and_nothing_more_is_taken_up(new_place: Place) -> None:
    async with slow(new_place, "a", "b") as (workflow, story):
        ending = asyncio.create_task(workflow.shutdown(10))
        await asyncio.sleep(0)
        assert not (await workflow.health()).ok
        story.go.set()
        await ending
    assert sorted(story.ended) == ["a", "b"]
    assert new_place.statuses() == {"SUCCESS"}


async def test_6_what_takes_too_long_is_cut_off_and_left_to_the_next(new_place: Place) -> None:
    async with slow(new_place, "a", "b") as (workflow, story):
        await workflow.shutdown(0.2)
        assert sorted(story.cut_off) == ["a", "b"]
        story.go.set()
        # Whatever goes on in this process has its threads.
        assert await asyncio.to_thread(lambda: 1) == 1
    assert story.ended == []
    assert new_place.statuses() == {"PENDING"}
    async with slow(new_place) as (_, second):
        second.go.set()
        await until(lambda: sorted(second.ended) == ["a", "b"])


def test_the_database_holds_json_of_one_version(place: Place) -> None:
    """Pickle would run what somebody wrote there; a version of its own would strand segments."""
    segments = place.rows("SELECT application_version, serialization FROM workflow_status")
    values = place.rows(
        "SELECT inputs FROM workflow_input UNION ALL "
        "SELECT output FROM workflow_output UNION ALL SELECT error FROM workflow_output "
        "UNION ALL SELECT output FROM operation_outputs "
        "UNION ALL SELECT error FROM operation_outputs"
    )
    assert {tuple(row) for row in segments} == {("vigil-1", "vigil_json")}
    assert [json.loads(value) for (value,) in values if value is not None]
    if place.url.startswith("sqlite"):
        assert [row.journal_mode for row in place.rows("PRAGMA journal_mode")] == ["wal"]


def test_2_a_database_that_is_away_for_a_while_holds_segments_up_and_no_more(
    tmp_path: Path,
) -> None:
    with postgres_cluster() as cluster, ExitStack() as stack:
        place = Place(tmp_path, url_of(cluster.dsn))
        server = stack.enter_context(cluster.running())
        only = stack.enter_context(process(place))
        only.ask("act", "long-1")
        place.log.wait_for("begins act long-1")
        server.send_signal(signal.SIGQUIT)
        server.wait()
        (tmp_path / GO).touch()
        place.log.wait_for("ends act long-1")  # and nobody can write that down
        with cluster.running():
            wait_until(lambda: place.statuses() == {"SUCCESS"}, "the end of the segment")
            only.ask("act", "long-2")
            place.log.wait_for("ends act long-2")
            only.shut_down()
    assert place.log.count("begins act long-1") == 1


async def test_a_database_that_does_not_answer_is_said_so_at_launch() -> None:
    workflow = dbos.DbosWorkflow(f"postgresql://vigil:hunter2@127.0.0.1:{free_port()}/vigil")
    faulty = Faulty()
    with pytest.raises(PortUnavailable, match="DBOS on PostgreSQL could not be launched") as failed:
        await workflow.launch(faulty.run, faulty.give_up)
    assert "hunter2" not in str(failed.value)
    assert not (await workflow.health()).ok


async def test_a_database_that_is_held_up_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The segment stands in the outbox, from where it is asked for again."""
    monkeypatch.setattr(dbos, "ANSWER_S", 0.2)
    place = Place(tmp_path, f"sqlite:///{tmp_path / 'workflow.sqlite'}")
    faulty = Faulty()
    faulty.mended = True
    workflow = dbos.DbosWorkflow(place.url)
    await workflow.launch(faulty.run, faulty.give_up)
    other = open_history(place.url)
    with other.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(PortUnavailable, match=r"did not answer within 0\.2 s"):
            await start(workflow)
        connection.rollback()
    other.dispose()
    monkeypatch.undo()
    await start(workflow)
    await come_to(place, "SUCCESS")
    await workflow.shutdown()
    assert faulty.ended == 1


async def test_why_a_history_could_not_be_written_is_told_to_who_gives_up(tmp_path: Path) -> None:
    """The disk was full for so long that the segment was not tried any more."""
    workflow = dbos.DbosWorkflow(f"sqlite:///{tmp_path / 'workflow.sqlite'}", attempts=1)
    most_pages = 1
    told: asyncio.Queue[Exception] = asyncio.Queue()

    def bound(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count={most_pages}")

    async def run(_: Segment, _incident: str, _attempt: int) -> None:
        event.listen(workflow._engine, "checkout", bound)
        raise PortUnavailable("no" * 500_000)

    async def give_up(_: Segment, _incident: str, _attempt: int, error: Exception) -> None:
        nonlocal most_pages
        most_pages = 1_000_000
        told.put_nowait(error)

    await workflow.launch(run, give_up)
    await start(workflow)
    async with asyncio.timeout(10):
        error = await told.get()
    await workflow.shutdown()
    assert isinstance(error, PortUnavailable)
    assert "DBOS on SQLite could not be written: database or disk is full" in str(error)
