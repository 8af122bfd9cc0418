"""The promises of the stop switch, by number."""

import asyncio
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, select, update
from tests.support.databases import PostgresServer
from tests.support.programs import free_port

from vigil.domain.errors import PortUnavailable
from vigil.domain.switch import MAX_RECORD_BYTES, SwitchState
from vigil.integrations._clients.database import open_engine
from vigil.integrations._clients.database.postgres import RECORD, postgres_engine
from vigil.integrations._clients.database.urls import parse
from vigil.integrations.switch.embedded import FileSwitch
from vigil.integrations.switch.shared import MIRROR_S, SharedSwitch
from vigil.integrations.switch.tables import switch as switch_row
from vigil.ports.switch import Switch
from vigil.runner.switch import read_switch

LONG = "x" * 2000
ODD = [
    b"",
    b"null",
    b"{}",
    b"[]",
    b'{"stopped": 0.5}',
    b'{"stopped": 0}',
    b'{"stopped": "off"}',
    b'{"stopped": null}',
    b'{"stopped": false, "paused": true}',
    b'{"stopped": false, "now": "yes"}',
    b'{"stopped": false',
    b'{"stopped": false} {',
    b"\xff\xfe",
    b'\xef\xbb\xbf{"stopped": false}',
    100 * b"[",
    b'{"stopped": false}' + MAX_RECORD_BYTES * b" ",
    b'{"stopped": false}' + MAX_RECORD_BYTES * b" " + b"{",
    json.dumps({"stopped": False, "text": MAX_RECORD_BYTES * "x"}).encode(),
]
SOUND = [
    b'{"stopped": false}',
    b'{"stopped": true, "now": true, "by": "Ada", "text": ""}',
    b'{"stopped": false}' + 10_000 * b" ",
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "switch.json"


@pytest.fixture(scope="module")
def one_database(postgres_server: PostgresServer) -> Iterator[Engine]:
    with postgres_server.record() as url:
        engine = open_engine(url)
        yield engine
        engine.dispose()


@pytest.fixture
def database(one_database: Engine) -> Engine:
    """A record on which nobody has turned the switch yet."""
    forget(one_database)
    return one_database


def forget(database: Engine) -> None:
    with database.begin() as connection:
        connection.exec_driver_sql("DELETE FROM switch")


@pytest.fixture(params=["of one machine", "of several"])
def switch(request: pytest.FixtureRequest, path: Path) -> Switch:
    if request.param == "of one machine":
        return FileSwitch(path)
    return SharedSwitch(path, request.getfixturevalue("database"))


def test_1_a_record_that_is_missing_reads_as_stopped(switch: Switch) -> None:
    state = switch.read()
    assert state.stopped
    assert "No such file" in state.text


@pytest.mark.parametrize("record", ODD)
def test_1_a_record_that_is_odd_reads_as_stopped(switch: Switch, path: Path, record: bytes) -> None:
    path.write_bytes(record)
    assert switch.read().stopped
    assert "cannot be read" in switch.read().text


@pytest.mark.parametrize("record", [*ODD, *SOUND])
def test_1_worker_and_runner_read_every_record_the_same(
    switch: Switch, path: Path, record: bytes
) -> None:
    assert read_switch(path) == switch.read(), "missing"
    path.write_bytes(record)
    assert read_switch(path) == switch.read()
    assert read_switch(path).stopped is (record in ODD or b"true" in record)


def test_1_a_record_that_cannot_be_read_reads_as_stopped(switch: Switch, path: Path) -> None:
    path.mkdir()
    assert switch.read().stopped


@pytest.mark.parametrize(
    "state",
    [
        SwitchState(stopped=False),
        SwitchState(stopped=True, by="Ada", text="a drill"),
        SwitchState(stopped=True, now=True, by="Ада", text="наводнение \N{WATER WAVE}"),
    ],
)
def test_2_what_was_set_is_read(switch: Switch, path: Path, state: SwitchState) -> None:
    switch.set(state)
    assert switch.read() == state
    assert read_switch(path) == state, "worker and runner read the same record"


def test_2_however_long_its_words_are_a_stop_at_once_is_read_as_one(
    switch: Switch, path: Path
) -> None:
    switch.set(SwitchState(stopped=True, now=True, by=5000 * "\0", text=50_000 * "\0"))
    assert read_switch(path).kills
    assert read_switch(path) == switch.read()


def test_2_no_reader_ever_sees_half_of_it(switch: Switch) -> None:
    """One turns it on and off, others read: each reading is one that was set."""
    states = [
        SwitchState(stopped=True, by="a", text=LONG),
        SwitchState(stopped=False, by="b"),
    ]
    switch.set(states[0])
    seen: list[SwitchState] = []
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            seen.append(switch.read())

    readers = [threading.Thread(target=watch) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(100):
        switch.set(states[number % 2])
    over.set()
    for reader in readers:
        reader.join()
    assert {state.by for state in seen} == {"a", "b"}
    assert all(state in states for state in seen)


def test_2_a_crash_halfway_leaves_the_record_that_was(switch: Switch, path: Path) -> None:
    switch.set(SwitchState(stopped=True, by="Ada"))
    path.with_name(f".{path.name}.0123456789abcdef").write_text('{"stopped": fal')
    assert switch.read().by == "Ada"
    switch.set(SwitchState(stopped=False))
    assert not switch.read().stopped


def test_only_its_owner_may_turn_it(switch: Switch, path: Path) -> None:
    before = os.umask(0)
    try:
        switch.set(SwitchState(stopped=False))
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600


RUNS = SwitchState(stopped=False, by="Ada")
STOPS = SwitchState(stopped=True, by="Bob", text="a drill")
STOPS_NOW = SwitchState(stopped=True, now=True, by="Cid")


class Machines:
    """Two machines that share a record, each with its own file, which any program may write."""

    def __init__(self, folder: Path, database: Engine) -> None:
        paths = [folder / "one.json", folder / "two.json"]
        self.files = [FileSwitch(path) for path in paths]
        self.paths = paths
        self.shared = [SharedSwitch(path, database) for path in paths]

    def look(self) -> list[SwitchState]:
        """Each looks until nothing is to be changed; what their runners then read."""
        for _ in range(2):
            for shared in self.shared:
                shared.compare()
        return [read_switch(path) for path in self.paths]


@pytest.fixture
def machines(tmp_path: Path, database: Engine) -> Machines:
    """Two that agree that Vigil may act."""
    made = Machines(tmp_path, database)
    made.files[0].set(RUNS)
    made.files[1].set(RUNS)
    assert made.look() == [RUNS, RUNS]
    return made


def test_3_turned_through_a_worker_it_is_turned_everywhere(machines: Machines) -> None:
    for state in (STOPS, RUNS, STOPS_NOW, RUNS, STOPS, STOPS):
        machines.shared[0].set(state)
        assert read_switch(machines.paths[0]) == state, "here at once"
        assert machines.look() == [state, state]


def test_3_turned_in_a_file_it_is_turned_everywhere(machines: Machines) -> None:
    for machine, state in ((0, STOPS), (1, RUNS), (1, STOPS_NOW), (0, STOPS), (0, RUNS)):
        machines.files[machine].set(state)
        assert machines.look() == [state, state]


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("other", [RUNS, STOPS])
def test_3_of_two_at_the_same_time_the_one_who_stops_wins(
    machines: Machines, first: int, other: SwitchState
) -> None:
    machines.shared[0].set(STOPS)
    machines.look()
    machines.files[first].set(STOPS_NOW)
    machines.shared[1 - first].set(other)
    assert machines.look() == [STOPS_NOW, STOPS_NOW]


def test_3_a_machine_that_joins_does_as_the_others(
    machines: Machines, tmp_path: Path, database: Engine
) -> None:
    machines.shared[0].set(STOPS)
    for name, before in (("new", None), ("was-running", RUNS)):
        path = tmp_path / name
        if before is not None:
            FileSwitch(path).set(before)
        SharedSwitch(path, database).compare()
        assert read_switch(path) == STOPS
    assert machines.look() == [STOPS, STOPS]


def test_3_a_file_that_is_lost_stops_its_machine_until_somebody_resumes(machines: Machines) -> None:
    machines.paths[0].unlink()
    one, two = machines.look()
    assert one.stopped
    assert "cannot be read" in one.text
    assert two == RUNS
    machines.shared[1].set(RUNS)
    assert machines.look() == [RUNS, RUNS]


def test_3_a_record_that_was_lost_is_made_again_from_a_file(
    machines: Machines, database: Engine
) -> None:
    machines.shared[0].set(STOPS)
    machines.look()
    forget(database)
    assert machines.look() == [STOPS, STOPS]


def test_3_a_stop_holds_here_though_the_record_does_not_answer(path: Path) -> None:
    nobody = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"
    alone = SharedSwitch(path, postgres_engine(parse(nobody), RECORD))
    alone_file = FileSwitch(path)
    alone_file.set(RUNS)
    with pytest.raises(PortUnavailable):
        alone.set(STOPS)
    assert read_switch(path) == STOPS
    with pytest.raises(PortUnavailable):
        alone.set(RUNS)
    assert read_switch(path) == STOPS, "that all may act again is not said here alone"


async def test_3_it_takes_less_than_a_second(machines: Machines) -> None:
    mirrors = [asyncio.create_task(shared.mirror()) for shared in machines.shared]
    for state in (STOPS_NOW, RUNS):
        machines.files[0].set(state)
        async with asyncio.timeout(2 * MIRROR_S + 0.2):
            while read_switch(machines.paths[1]) != state:  # noqa: ASYNC110 - a file is looked at
                await asyncio.sleep(0.01)
    for mirror in mirrors:
        mirror.cancel()
    await asyncio.gather(*mirrors, return_exceptions=True)


# --- a stop and a slower resume --------------------------------------------------------------

ROUNDS = 12
WAITS = "SELECT count(*) FROM pg_locks WHERE NOT granted"


@contextmanager
def resuming(
    shared: SharedSwitch, database: Engine
) -> Iterator[tuple[Connection, list[SwitchState]]]:
    """Somebody lets Vigil act again and is held up right before saying so to all."""
    said: list[SwitchState] = []
    resume = threading.Thread(target=lambda: said.append(shared.set(RUNS)))
    with database.begin() as others:
        others.execute(select(switch_row).with_for_update())
        resume.start()
        with database.connect() as look:
            until = time.monotonic() + 30
            while not look.exec_driver_sql(WAITS).scalar_one():
                assert time.monotonic() < until, "nobody is held up"
        yield others, said
    resume.join()


def test_4_a_resume_that_is_slow_loses_to_a_stop_elsewhere(
    machines: Machines, database: Engine
) -> None:
    machines.shared[0].set(STOPS)
    machines.look()
    with resuming(machines.shared[0], database) as (others, _):
        words = {"stopped": True, "now": True, "by": "Cid", "text": "", "at": datetime.now(UTC)}
        others.execute(update(switch_row).values(words))
    assert read_switch(machines.paths[0]) == STOPS
    assert machines.look() == [STOPS_NOW, STOPS_NOW]


def test_4_a_resume_that_is_slow_loses_to_a_stop_here(machines: Machines, database: Engine) -> None:
    machines.shared[0].set(STOPS)
    machines.look()
    with resuming(machines.shared[0], database) as (_, said):
        machines.files[0].set(STOPS_NOW)
    assert read_switch(machines.paths[0]) == STOPS_NOW, "it holds here at once"
    assert said == [STOPS_NOW], "whoever resumed is told"
    assert machines.look() == [STOPS_NOW, STOPS_NOW]


def test_4_what_is_mirrored_here_loses_to_a_stop_here(machines: Machines) -> None:
    """The stop always comes after all were told that Vigil may act again."""
    for number in range(ROUNDS):
        machines.shared[1].set(STOPS)
        machines.look()
        machines.shared[1].set(RUNS)
        mirror = threading.Thread(target=machines.shared[0].compare)
        mirror.start()
        mirror.join(number * 0.0007)
        machines.files[0].set(STOPS_NOW)
        mirror.join()
        assert machines.look() == [STOPS_NOW, STOPS_NOW], f"round {number}"


def test_4_two_workers_of_one_machine_do_not_undo_a_stop(
    machines: Machines, database: Engine
) -> None:
    """One mirrors on and on, the other one is new each time and may have an old word in hand."""
    beside = SharedSwitch(machines.paths[0], database)
    for number in range(ROUNDS):
        machines.shared[1].set(STOPS)
        machines.look()
        machines.shared[1].set(RUNS)
        slow = threading.Thread(target=beside.compare)
        slow.start()
        slow.join(number * 0.0007)
        machines.shared[1].set(STOPS)
        machines.shared[0].compare()
        slow.join()
        beside.compare()
        assert machines.look() == [STOPS, STOPS], f"round {number}"
