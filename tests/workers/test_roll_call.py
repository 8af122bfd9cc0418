"""What is said of the workers and of what there is to do (below 1 s, and a record for counts)."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.record import START, Record, at, open_record, opened, waiting

from vigil.domain.incident import WaitingOn
from vigil.integrations.journal import holds_incidents
from vigil.ports.journal import Load, NextSegment
from vigil.ports.locks import Lock
from vigil.ports.workers import Role, Worker, WorkerState
from vigil.ports.workflow import Segment
from vigil.roll_call import MOST_NAMED, locks_health, work_health, workers_health

NOW = START + timedelta(minutes=90)


@pytest.fixture
def record(tmp_path: Path, database_url: str) -> Iterator[Record]:
    made = open_record(tmp_path, database_url)
    yield made
    made.engine.dispose()


def worker(name: str, state: WorkerState = WorkerState.WORKING, *roles: Role) -> Worker:
    return Worker(
        id=name,
        host="h1",
        pid=7,
        kind="worker",
        version="1",
        started_at=START,
        seen_at=NOW - timedelta(seconds=2),
        state=state,
        roles=roles,
    )


def test_each_worker_is_named_with_what_it_does() -> None:
    everyone = [
        worker("a", WorkerState.WORKING, Role.WATCHING, Role.INTAKE),
        worker("b"),
        worker("c", WorkerState.DRAINING),
        worker("d", WorkerState.DEAD),
    ]
    said = workers_health(everyone, NOW, draining=False)
    assert said.ok
    assert "worker a (h1, pid 7, seen 2 s ago): watching, intake" in said.text
    assert "b (h1, pid 7, seen 2 s ago): segments" in said.text
    assert "c (h1, pid 7, seen 2 s ago): drains" in said.text
    assert "d (h1, pid 7, seen 2 s ago): is gone; others take over" in said.text


def test_one_that_drains_is_not_ready() -> None:
    said = workers_health([], NOW, draining=True)
    assert not said.ok
    assert "drains" in said.text
    assert said.remedy


def test_a_crowd_is_not_read_out() -> None:
    crowd = [worker(f"w{n}") for n in range(MOST_NAMED + 3)]
    assert workers_health(crowd, NOW, draining=False).text.endswith("; and 3 more")


def test_what_waits_and_for_how_long_is_said() -> None:
    load = Load(open=9, under_way=2, for_approval=3, for_locks=1, due=4, oldest_waiting_at=START)
    said = work_health(load, NOW).text
    assert "9 open: 2 under way, 3 queued, 3 wait for a person, 1 for locks; 4 segments" in said
    assert said.endswith("the oldest that waits was opened 2 h ago")


def test_leases_that_ran_out_are_said() -> None:
    held = [
        Lock(resource="r1", owner="i", holder="a", token=1, lease_until=NOW + timedelta(seconds=9)),
        Lock(resource="r2", owner="i", holder=None, token=2, lease_until=NOW),
    ]
    said = locks_health(held, NOW)
    assert said.text == "2 locks for 1 incidents; 1 wait to be taken over"


async def test_the_record_is_counted(record: Record) -> None:
    assert not holds_incidents(record.engine)
    asks = await waiting(record)
    assert holds_incidents(record.engine)
    first, second = await opened(record, "db"), await opened(record, "cache")
    following = NextSegment(segment=Segment.ORIENT, incident=first.id, attempt=1)
    assert await record.journal.take_up(following, "a") is not None
    await record.journal.mark(following)
    load = await record.journal.load()
    assert load == Load(
        open=3,
        under_way=1,
        for_approval=1,
        for_locks=0,
        due=load.due,
        oldest_waiting_at=asks.opened_at,
    )
    assert load.queued == 1
    assert load.due == len(await record.journal.due(100))
    held_up = second.model_copy(update={"waiting_on": WaitingOn.LOCKS})
    assert await record.journal.commit(
        incident=held_up, expected=(second.stage, second.attempt), now=at(2)
    )
    after = await record.journal.load()
    assert (after.for_locks, after.queued) == (1, 0)
