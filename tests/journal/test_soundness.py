"""What `vigil doctor` finds of a record that is not what was written (about 3 s)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.support.record import Record, at, erase_payloads, open_record, opened

from vigil.domain.errors import ChainBroken, SettingsError
from vigil.integrations._clients.database import write
from vigil.integrations._clients.database.inspection import inspect
from vigil.integrations.journal import soundness
from vigil.integrations.journal.soundness import check_newest
from vigil.ports.journal import Note


@pytest.fixture
def record(tmp_path: Path, database_url: str) -> Iterator[Record]:
    record = open_record(tmp_path, database_url)
    yield record
    record.engine.dispose()


async def told(record: Record) -> str:
    """An incident with three events, two of which are signed."""
    incident = await opened(record)
    await record.journal.append(incident.id, [Note(kind="one")], at(1))
    await record.journal.checkpoint(at(2))
    await record.journal.append(incident.id, [Note(kind="two")], at(3))
    return incident.id


def spoil(record: Record, statement: str) -> None:
    write(record.engine, lambda c: c.execute(text(statement)).rowcount)


async def test_what_was_written_is_sound(record: Record) -> None:
    assert check_newest(record.engine, record.keys) == "the newest 0 are as they were written"
    incident = await told(record)
    assert check_newest(record.engine, record.keys) == "the newest 1 are as they were written"
    erase_payloads(record, incident, at(4))
    check_newest(record.engine, record.keys)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET kind = 'other' WHERE seq = 2",
        "UPDATE events SET hash = previous WHERE seq = 3",
        "DELETE FROM payloads WHERE seq = 2",
        "UPDATE payloads SET sealed = (SELECT sealed FROM payloads WHERE seq = 1) WHERE seq = 2",
        "UPDATE incidents SET head_hash = 'f'",
        "UPDATE checkpoint_heads SET hash = 'f'",
    ],
)
async def test_what_was_changed_is_found(record: Record, statement: str) -> None:
    await told(record)
    spoil(record, statement)
    with pytest.raises(ChainBroken):
        check_newest(record.engine, record.keys)


async def test_a_tail_that_was_cut_off_is_found(record: Record) -> None:
    await told(record)
    spoil(record, "DELETE FROM payloads WHERE seq = 3")
    spoil(record, "DELETE FROM events WHERE seq = 3")
    with pytest.raises(ChainBroken, match="its tail was cut off"):
        check_newest(record.engine, record.keys)


async def test_it_looks_at_a_bounded_number(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soundness, "NEWEST", 2)
    for service in ("a", "b", "c"):
        await opened(record, service)
    assert "newest 2 are" in check_newest(record.engine, record.keys)
    monkeypatch.setattr(soundness, "MOST_EVENTS", 0)
    assert "newest 0 are" in check_newest(record.engine, record.keys)


async def test_a_row_that_refers_to_nothing_is_found(tmp_path: Path) -> None:
    record = open_record(tmp_path)
    await opened(record)
    assert "revision" in inspect(record.engine)
    with record.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.exec_driver_sql("DELETE FROM incidents")
    with pytest.raises(SettingsError, match="refers to a row that is gone"):
        inspect(record.engine)
    record.engine.dispose()
