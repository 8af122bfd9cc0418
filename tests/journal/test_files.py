"""What the record leaves on disk where it is SQLite."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.record import Record, at, open_record, opened

from vigil.ports.journal import Note


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    made = open_record(tmp_path, f"sqlite:///{tmp_path / 'vigil.sqlite'}")
    yield made
    made.engine.dispose()


def test_payloads_are_sealed_on_disk(record: Record, tmp_path: Path) -> None:
    incident = asyncio.run(opened(record))
    note = Note(kind="n", payload={"s": "hush-hush"})
    asyncio.run(record.journal.append(incident.id, [note], at(1)))
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("vigil.sqlite*"))
    assert b"hush-hush" not in stored
    assert incident.id.encode() in stored


def test_files_are_for_their_owner_only(record: Record, tmp_path: Path) -> None:
    modes = {p.name: p.stat().st_mode & 0o777 for p in tmp_path.rglob("*") if p.is_file()}
    assert modes.pop("audit.pub") & 0o022 == 0
    assert modes
    assert set(modes.values()) == {0o600}
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
