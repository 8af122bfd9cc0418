"""The promises of the stop switch, by number."""

import json
import os
import threading
from pathlib import Path

import pytest

from vigil.integrations.switch.embedded import FileSwitch
from vigil.ports.switch import Switch, SwitchState

LONG = "x" * 3000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "switch.json"


@pytest.fixture
def switch(path: Path) -> Switch:
    return FileSwitch(path)


def test_1_a_record_that_is_missing_reads_as_stopped(switch: Switch) -> None:
    state = switch.read()
    assert state.stopped
    assert "No such file" in state.text


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"null",
        b"{}",
        b"[]",
        b'{"stopped": 0.5}',
        b'{"stopped": 0}',
        b'{"stopped": "off"}',
        b'{"stopped": null}',
        b'{"stopped": false, "paused": true}',
        b'{"stopped": false',
        b"\xff\xfe",
        b'{"stopped": false}' + 5000 * b" " + b"{",
        json.dumps({"stopped": False, "text": 5000 * "x"}).encode(),
    ],
)
def test_1_a_record_that_is_odd_reads_as_stopped(switch: Switch, path: Path, record: bytes) -> None:
    path.write_bytes(record)
    assert switch.read().stopped


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
    assert FileSwitch(path).read() == state, "worker and runner read the same record"


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
    for number in range(200):
        switch.set(states[number % 2])
    over.set()
    for reader in readers:
        reader.join()
    assert {state.by for state in seen} == {"a", "b"}
    assert all(state in states for state in seen)


def test_2_a_crash_halfway_leaves_the_record_that_was(switch: Switch, path: Path) -> None:
    switch.set(SwitchState(stopped=True, by="Ada"))
    path.with_suffix(".new").write_text('{"stopped": fal')
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
