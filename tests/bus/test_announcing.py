"""Whoever writes to the journal announces it: after the commit, and only what was changed."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Connection
from tests.support.record import Record, at, open_record, opened, waiting

from vigil.domain.errors import NotFound
from vigil.domain.news import News
from vigil.domain.verdict import Answer, Approval
from vigil.integrations._clients.database import write
from vigil.integrations.journal import SqlInbox, SqlJournal
from vigil.integrations.journal.rows import change_incident
from vigil.ports.journal import NextSegment, Note
from vigil.ports.workflow import Segment


class Announced:
    """A journal whose announcements are kept, each with what is on record at that moment."""

    def __init__(self, directory: Path, url: str) -> None:
        record = open_record(directory, url)
        self.journal = SqlJournal(record.engine, record.keys, self._keep)
        inbox = SqlInbox(record.engine, record.keys, self._keep)
        self.record = Record(record.engine, record.keys, self.journal, inbox)
        self._seen: list[tuple[News, ...]] = []
        self._reader = record.journal

    def _keep(self, news: Sequence[News]) -> None:
        on_record = [asyncio.run(self._reader.news(one.incident)) for one in news]
        assert on_record == list(news), "announced before it was committed"
        self._seen.append(tuple(news))

    def news(self) -> tuple[News, ...]:
        """Of the one transaction since the last look; none when nothing was announced."""
        seen, self._seen = self._seen, []
        assert len(seen) <= 1
        return seen[0] if seen else ()


@pytest.fixture
def announced(tmp_path: Path, database_url: str) -> Iterator[Announced]:
    made = Announced(tmp_path, database_url)
    yield made
    made.record.engine.dispose()


async def test_opening_committing_answering_and_appending_are_announced(
    announced: Announced,
) -> None:
    incident = await opened(announced.record)
    (word,) = announced.news()
    assert (word.incident, word.seq) == (incident.id, 1)
    asking = await waiting(announced.record, symptom="slow")
    announced._seen.clear()
    approval = Approval(
        plan_digest=asking.plan_digest or "", answer=Answer.APPROVED, by="Ada", at=at(2)
    )
    decided = await announced.journal.answer(asking.id, approval)
    assert decided.won
    (word,) = announced.news()
    assert word == await announced.journal.news(asking.id)
    await announced.journal.append(asking.id, [Note(kind="n"), Note(kind="n")], at(3))
    (later,) = announced.news()
    assert later.seq == word.seq + 2
    assert later.version > word.version


async def test_what_changes_no_incident_is_not_announced(announced: Announced) -> None:
    incident = await opened(announced.record)
    announced.news()
    following = NextSegment(segment=Segment.ORIENT, incident=incident.id, attempt=1)
    await announced.journal.mark(following)
    await announced.journal.checkpoint(at(5))
    await announced.journal.events(incident.id)
    late = Approval(plan_digest="sha256:" + "0" * 64, answer=Answer.REJECTED, by="Ada", at=at(2))
    assert not (await announced.journal.answer(incident.id, late)).won
    assert announced.news() == ()


async def test_what_was_rolled_back_is_not_announced(announced: Announced) -> None:
    incident = await opened(announced.record)
    announced.news()

    def fails(connection: Connection) -> None:
        change_incident(connection, incident.id, handed_over_until=None)
        raise NotFound("halfway")

    with pytest.raises(NotFound):
        await announced.journal._write(fails)
    assert announced.news() == ()
    # Nor does it stay behind on the connection, for whoever uses that next.
    await announced.journal.checkpoint(at(5))
    assert announced.news() == ()


async def test_whoever_writes_without_a_journal_leaves_nothing_behind(
    announced: Announced,
) -> None:
    incident = await opened(announced.record)
    announced.news()
    engine = announced.record.engine
    await asyncio.to_thread(
        write, engine, lambda c: change_incident(c, incident.id, handed_over_until=None)
    )
    with engine.connect() as connection:
        assert connection.info == {}


async def test_a_caller_that_is_gone_has_announced_what_it_changed(announced: Announced) -> None:
    incident = await opened(announced.record)
    announced.news()
    begun, gone = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        begun.set()
        gone.wait()
        change_incident(connection, incident.id, handed_over_until=None)

    task = asyncio.create_task(announced.journal._write(slow))
    await asyncio.to_thread(begun.wait)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    gone.set()
    async with asyncio.timeout(10):
        while not (news := announced.news()):  # noqa: ASYNC110 - it comes from a thread
            await asyncio.sleep(0.01)
    assert [one.incident for one in news] == [incident.id]
