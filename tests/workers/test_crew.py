"""Several workers on one record, as processes that are killed, frozen and drained (about 20 s)."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from tests.support.crewmate import DRAIN_S, GO, LEASE_S
from tests.support.programs import wait_until
from tests.support.record import Record, open_record, opened

from vigil.integrations._clients.database import open_engine
from vigil.keeper import GIVEN_UP
from vigil.ports.journal import NextSegment
from vigil.ports.workers import Role
from vigil.ports.workflow import Segment

pytestmark = pytest.mark.takes(30)

ROOT = Path(__file__).parents[2]
EVERYTHING = sorted(Role)


@dataclass(frozen=True)
class Place:
    """A record that several work on, and what can be seen of them there."""

    state: Path
    url: str
    engine: Engine

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    def claimed_by(self) -> str | None:
        [(worker,)] = self.rows("SELECT claimed_by FROM incidents")
        return None if worker is None else str(worker)

    def is_closed(self) -> bool:
        return self.rows("SELECT closed_at IS NOT NULL FROM incidents") == [(True,)]

    def known(self) -> set[object]:
        return {worker for (worker,) in self.rows("SELECT id FROM workers")}

    def living(self) -> set[object]:
        return {worker for (worker,) in self.rows("SELECT id FROM workers WHERE NOT dead")}

    def leaders(self) -> dict[object, object]:
        return dict(self.rows("SELECT role, worker FROM roles"))  # type: ignore[arg-type] # pairs

    def log(self, name: str) -> str:
        return (self.state / f"{name}.log").read_text()


@pytest.fixture
def place(tmp_path: Path, postgres_record_url: str) -> Iterator[Place]:
    engine = open_engine(postgres_record_url)
    yield Place(tmp_path, postgres_record_url, engine)
    engine.dispose()


@pytest.fixture
def record(place: Place) -> Iterator[Record]:
    record = open_record(place.state, place.url)
    yield record
    record.engine.dispose()


@contextmanager
def mate(place: Place, name: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker that has entered."""
    command = [sys.executable, "-m", "tests.support.crewmate", str(place.state), place.url, name]
    with (place.state / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    try:
        wait_until(lambda: name in place.known(), f"{name} at work", process)
        yield process
    finally:
        process.kill()
        process.wait()


async def test_one_is_frozen_and_one_is_killed_and_the_last_one_ends_it(
    place: Place, record: Record
) -> None:
    await opened(record, symptom="checkout-errors")
    with mate(place, "a") as a, mate(place, "b") as b, mate(place, "c") as c:
        processes = {"a": a, "b": b, "c": c}
        wait_until(lambda: place.claimed_by() is not None, "somebody takes it up")
        frozen = str(place.claimed_by())
        processes[frozen].send_signal(signal.SIGSTOP)
        # It may have been frozen while it wrote: then the database ends that first.
        wait_until(lambda: frozen not in place.living(), "given up")
        wait_until(lambda: place.claimed_by() not in {None, frozen}, "another takes over")
        killed = str(place.claimed_by())
        processes[killed].kill()
        wait_until(lambda: place.claimed_by() not in {None, frozen, killed}, "the last one")
        [last] = processes.keys() - {frozen, killed}
        assert place.claimed_by() == last
        wait_until(lambda: place.known() == {last}, "nothing of the others is left")
        assert place.leaders() == dict.fromkeys(EVERYTHING, last)

        processes[frozen].send_signal(signal.SIGCONT)
        assert processes[frozen].wait(LEASE_S) == GIVEN_UP
        assert f"worker {frozen} was given up by the others" in place.log(frozen)
        (place.state / GO).touch()
        wait_until(place.is_closed, "the incident ends")
    [(taken_up,)] = place.rows("SELECT claim FROM incidents")
    assert isinstance(taken_up, int)
    assert taken_up >= 3
    [incident] = await record.journal.incidents()
    events = await record.journal.events(incident.id)
    entered = [str((e.payload or {})["stage"]) for e in events if e.kind == "stage_entered"]
    assert len(entered) == len(set(entered)), "each stage was entered once"
    assert [event.kind for event in events].count("closed") == 1


async def test_told_to_end_it_ends_what_it_can_and_leaves_the_rest_at_once(
    place: Place, record: Record
) -> None:
    await opened(record, symptom="checkout-errors")
    with mate(place, "a") as a:
        wait_until(lambda: place.claimed_by() == "a", "it takes it up")
        with mate(place, "b") as b:
            # Nothing lets its segment end: after a while it is cut off, and not missed for a lease.
            a.terminate()
            assert a.wait(DRAIN_S + 10) == 0
            wait_until(lambda: place.claimed_by() == "b", "taken over")
            wait_until(lambda: place.known() == {"b"}, "nothing is left of the first")

            b.terminate()
            draining = "SELECT draining FROM workers"
            wait_until(lambda: place.rows(draining) == [(True,)], "seen to drain")
            assert set(place.leaders().values()) == {None}
            (place.state / GO).touch()
            assert b.wait(DRAIN_S + 10) == 0
    # Its segment has ended, and the next one of the same incident was not begun.
    assert place.rows("SELECT closed_at, claimed_by FROM incidents") == [(None, None)]
    assert place.rows("SELECT dead FROM workers") == [(True,)]
    with mate(place, "c"):
        wait_until(place.is_closed, "the next one goes on")
        wait_until(lambda: place.known() == {"c"}, "nothing is left of the second")


async def test_told_twice_it_ends_at_once(place: Place, record: Record) -> None:
    await opened(record, symptom="checkout-errors")
    with mate(place, "a") as a:
        wait_until(lambda: place.claimed_by() == "a", "it takes it up")
        a.terminate()
        wait_until(lambda: "Ending what is under way" in place.log("a"), "it has heard")
        a.terminate()
        assert a.wait(DRAIN_S) == 1
        assert place.claimed_by() == "a"


async def test_what_a_buried_worker_had_sent_before_it_was_buried_is_taken_from_it(
    place: Place, record: Record
) -> None:
    """Its last words reached the database late: nobody knows it any more, and it has something."""
    incident = await opened(record, symptom="checkout-errors")
    orient = NextSegment(segment=Segment.ORIENT, incident=incident.id, attempt=1)
    assert await record.journal.take_up(orient, "buried") is not None
    await record.journal.mark(orient)
    (place.state / GO).touch()
    with mate(place, "a"):
        wait_until(place.is_closed, "the incident ends")
    assert "taken from workers that nobody knows" in place.log("a")
