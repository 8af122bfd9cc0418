"""Nobody waits while a checkpoint is drawn up, and of two that are drawn up at once one stays."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import cast

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from tests.support.record import Record, at, open_record, opened

from vigil.cli.public_key import signature_check
from vigil.domain.audit import verify_export
from vigil.domain.timeline import Checkpoint
from vigil.integrations.journal import Keys, export_lines
from vigil.integrations.journal.checkpoints import make_checkpoint
from vigil.ports.journal import Note


@pytest.fixture
def record(tmp_path: Path, database_url: str) -> Iterator[Record]:
    made = open_record(tmp_path, database_url)
    yield made
    made.engine.dispose()


class Interrupted:
    """A key at whose signature something else happens first, once, and to its end."""

    def __init__(self, key: Ed25519PrivateKey, by: Callable[[], object]) -> None:
        self._key = key
        self._by: Callable[[], object] | None = by

    def sign(self, data: bytes) -> bytes:
        by, self._by = self._by, None
        if by is not None:
            thread = Thread(target=by, daemon=True)
            thread.start()
            thread.join(10)
            assert not thread.is_alive(), "it had to wait"
        return self._key.sign(data)


def interrupted(record: Record, by: Callable[[], object]) -> Keys:
    key = cast("Ed25519PrivateKey", Interrupted(record.keys.audit, by))
    return replace(record.keys, audit=key)


def signed_seq(record: Record) -> int:
    with record.engine.connect() as connection:
        return int(connection.execute(text("SELECT signed_seq FROM incidents")).scalar_one())


async def test_others_write_while_one_is_drawn_up(record: Record) -> None:
    """What they write is for the next one."""
    incident = await opened(record)
    note = Note(kind="late")

    def late() -> None:
        asyncio.run(record.journal.append(incident.id, [note], at(2)))

    keys = interrupted(record, late)
    first = await asyncio.to_thread(make_checkpoint, record.engine, keys, at(1))
    assert first is not None
    assert [head.seq for head in first.heads] == [1] == [signed_seq(record)]
    second = await record.journal.checkpoint(at(3))
    assert second is not None
    assert [head.seq for head in second.heads] == [2] == [signed_seq(record)]
    assert await record.journal.checkpoint(at(4)) is None


async def test_one_that_was_overtaken_is_drawn_up_anew(record: Record) -> None:
    incident = await opened(record)
    faster: list[Checkpoint | None] = []

    def overtake() -> None:
        asyncio.run(record.journal.append(incident.id, [Note(kind="late")], at(2)))
        faster.append(make_checkpoint(record.engine, record.keys, at(2)))
        asyncio.run(record.journal.append(incident.id, [Note(kind="later")], at(3)))

    keys = interrupted(record, overtake)
    mine = await asyncio.to_thread(make_checkpoint, record.engine, keys, at(1))
    [theirs] = faster
    assert mine is not None
    assert theirs is not None
    assert (theirs.number, mine.number, mine.previous) == (1, 2, theirs.digest)
    assert [head.seq for head in mine.heads] == [3] == [signed_seq(record)]
    lines = [line.encode() for line in export_lines(record.engine, record.keys, at(9))]
    key = record.keys.public_key
    assert verify_export(lines, signature_check(key), public_key=key).problems == ()


async def test_one_that_was_overtaken_by_all_it_had_is_none(record: Record) -> None:
    await opened(record)
    keys = interrupted(record, lambda: make_checkpoint(record.engine, record.keys, at(2)))
    assert await asyncio.to_thread(make_checkpoint, record.engine, keys, at(1)) is None


def test_that_nothing_moved_is_known_without_looking_at_every_incident(tmp_path: Path) -> None:
    record = open_record(tmp_path)
    with record.engine.connect() as connection:
        plan = "EXPLAIN QUERY PLAN SELECT id FROM incidents WHERE head_seq != signed_seq"
        [step] = connection.exec_driver_sql(plan).all()
    assert "ix_incidents_unsigned" in step.detail
    record.engine.dispose()
