"""Writers of one process follow each other, on SQLite, and nobody is passed over."""

import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import Connection
from tests.support.record import open_record

from vigil.integrations._clients.database import read, write

HELD_S = 0.2


def test_one_writes_after_the_other_and_readers_do_not_wait(tmp_path: Path) -> None:
    engine = open_record(tmp_path).engine
    writing = threading.Event()
    spans: list[tuple[float, float]] = []

    def hold(_: Connection) -> None:
        began = time.monotonic()
        writing.set()
        time.sleep(HELD_S)
        spans.append((began, time.monotonic()))

    writers = [threading.Thread(target=write, args=(engine, hold)) for _ in range(4)]
    for writer in writers:
        writer.start()
    assert writing.wait(10)
    read(engine, lambda connection: connection.exec_driver_sql("SELECT 1").scalar_one())
    assert len(spans) < len(writers), "the reader came through in between"
    for writer in writers:
        writer.join(20)
    assert len(spans) == 4
    ends, begins = [end for _, end in spans[:-1]], [begin for begin, _ in spans[1:]]
    assert all(end <= begin for end, begin in zip(ends, begins, strict=True))
    engine.dispose()


def test_what_fails_lets_the_next_one_write(tmp_path: Path) -> None:
    engine = open_record(tmp_path).engine

    def fail(_: Connection) -> None:
        raise ZeroDivisionError

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            write(engine, fail)
    assert write(engine, lambda c: c.exec_driver_sql("SELECT 1").scalar_one()) == 1
    engine.dispose()
