"""The promises of the stop switch, by number."""

import json
import os
import threading
from pathlib import Path

import pytest

from vigil.domain.switch import MAX_RECORD_BYTES, SwitchState
from vigil.integrations.switch.embedded import FileSwitch
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


@pytest.fixture
def switch(path: Path) -> Switch:
    return FileSwitch(path)


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
    for number in range(200):
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
