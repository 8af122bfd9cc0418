"""What closed incidents said goes after its time; that they happened stays provable (about 6 s)."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Table, func, insert, select, update
from tests.support.hand_clock import START
from tests.support.picture import png
from tests.support.record import at, opened
from tests.support.story import Story, begin

from vigil.cli.public_key import signature_check
from vigil.domain.audit import AuditReport, verify_export
from vigil.domain.incident import Stage
from vigil.integrations._clients.database import read, write
from vigil.integrations.journal import export_lines, retention, tables
from vigil.integrations.journal.retention import Retention
from vigil.integrations.screenshots.embedded import FileScreenshots
from vigil.integrations.workflow.dbos import DbosWorkflow
from vigil.ports.journal import StageOutput
from vigil.ports.workflow import Segment

KEEP = timedelta(days=90)


@pytest.fixture
async def story(tmp_path: Path, database_url: str) -> AsyncIterator[Story]:
    """One incident that was healed, in a record of either kind."""
    story = await begin(tmp_path, url=database_url)
    await story.hear()
    await story.go_on()
    yield story
    story.record.engine.dispose()


def keeping(story: Story) -> Retention:
    return Retention(story.record.engine, story.record.keys, story.clock, KEEP)


def rows(story: Story, table: Table) -> int:
    counted = select(func.count()).select_from(table)
    return read(story.record.engine, lambda c: c.execute(counted).scalar_one())


def audited(story: Story) -> AuditReport:
    keys = story.record.keys
    lines = export_lines(story.record.engine, keys, story.clock.now())
    return verify_export(
        (line.encode() for line in lines),
        signature_check(keys.public_key),
        public_key=keys.public_key,
    )


async def test_after_its_time_only_the_chain_and_the_answers_stay(story: Story) -> None:
    (incident,) = await story.journal.incidents()
    before = audited(story)
    story.clock.advance(91 * 86400)
    assert await keeping(story).once() > 0
    for gone in (tables.outputs, tables.outbox, tables.executions, tables.deliveries):
        assert rows(story, gone) == 0, gone.name
    *erased, said = await story.journal.events(incident.id)
    assert len(erased) == before.events
    assert {event.payload for event in erased} == {None}
    assert said.kind == "payloads_erased"
    assert said.payload == {
        "count": before.events,
        "after_days": 90,
        "text": "erased, as the incident was closed 90 days ago",
    }
    assert (await story.journal.incident(incident.id)).outcome == incident.outcome
    after = audited(story)
    assert (after.problems, after.erased) == ((), before.events)
    (best, *_) = await story.parts.memory.recall("release", 5)
    record = await story.parts.memory.record(best.runbook, "web-application")
    assert record.successes == 1, "what was learned is kept"


async def test_again_erases_nothing_more(story: Story) -> None:
    story.clock.advance(91 * 86400)
    await keeping(story).once()
    (incident,) = await story.journal.incidents()
    events = await story.journal.events(incident.id)
    assert await keeping(story).once() == 0
    assert await story.journal.events(incident.id) == events


async def test_what_is_younger_stays(story: Story) -> None:
    outputs = rows(story, tables.outputs)
    story.clock.advance(89 * 86400)
    await keeping(story).once()
    assert rows(story, tables.outputs) == outputs
    assert rows(story, tables.deliveries) == 1


async def test_what_is_open_stays_however_old(story: Story) -> None:
    incident = await opened(story.record, "db", "slow")
    story.clock.advance(400 * 86400)
    await keeping(story).once()
    (event,) = await story.journal.events(incident.id)
    assert event.payload is not None
    assert rows(story, tables.deliveries) == 1, "a repetition of it is still one"
    assert audited(story).problems == ()


async def test_failures_and_identifiers_of_long_ago_go(story: Story) -> None:
    def put(ago: float) -> None:
        when = story.clock.now() - timedelta(days=ago)
        failed = {"source": "s", "at": when, "size": 1, "sealed": b"?", "failed": "odd"}
        waiting = {**failed, "failed": None}
        known = {"digest": f"{ago:064}", "at": when}
        write(story.record.engine, lambda c: c.execute(insert(tables.inbox), [failed, waiting]))
        write(story.record.engine, lambda c: c.execute(insert(tables.delivery_ids), [known]))

    put(1)
    put(91)
    await keeping(story).once()
    assert rows(story, tables.inbox) == 3, "what waits to be taken in is never too old"
    assert rows(story, tables.delivery_ids) == 1


async def test_it_is_done_in_small_pieces(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each transaction takes a few rows, and between two of them others have their turn."""
    monkeypatch.setattr(retention, "AT_ONCE", 1)
    record = story.record
    for service in ("a", "b", "c"):
        incident = await opened(record, service)
        moved = incident.model_copy(update={"stage": Stage.ESCALATED, "closed_at": at(1)})
        assert await record.journal.commit(
            incident=moved, expected=(incident.stage, incident.attempt), now=at(1), notes=[]
        )
        await record.journal.append(incident.id, [], at(1))
    turns = 0

    async def count(_before: object, _most: int) -> int:
        nonlocal turns
        turns += 1
        return 0

    before = story.clock.elapsed()
    keep = Retention(record.engine, record.keys, story.clock, timedelta(days=1), (count,))
    story.clock.advance(91 * 86400)
    assert await keep.once() >= 4
    assert turns == 1
    assert story.clock.elapsed() - before > 91 * 86400 + 4 * retention.LEAST_PAUSE_S


async def test_a_round_ends_in_time(story: Story) -> None:
    """A place with ever more to forget leaves the rest to the next round."""

    async def endless(_before: object, _most: int) -> int:
        story.clock.advance(1)
        return 1

    keep = Retention(story.record.engine, story.record.keys, story.clock, KEEP, (endless,))
    assert await asyncio.wait_for(keep.once(), 30) <= retention.MOST_S


async def test_nothing_of_it_is_left_in_the_files(tmp_path: Path) -> None:
    story = await begin(tmp_path)
    incident = await story.hear()
    secret = StageOutput(
        incident=incident.id,
        attempt=1,
        stage=Stage.INVESTIGATING,
        json_text=json.dumps("the customer's name" * 400),
    )
    put = insert(tables.outputs).values(secret.model_dump())
    write(story.record.engine, lambda c: c.execute(put).rowcount)
    closing = update(tables.incidents).values(closed_at=story.clock.now())
    write(story.record.engine, lambda c: c.execute(closing).rowcount)

    def on_disk() -> bool:
        files = [path.read_bytes() for path in tmp_path.glob("vigil.sqlite*")]
        return any(b"customer's name" in content for content in files)

    assert on_disk()
    story.clock.advance(91 * 86400)
    await keeping(story).once()
    assert not on_disk()
    story.record.engine.dispose()


async def test_pictures_of_long_ago_go(tmp_path: Path) -> None:
    screenshots = FileScreenshots(tmp_path / "screenshots")
    digest = await screenshots.keep(png(1, 2, 3))
    assert digest is not None
    assert await screenshots.forget(START - timedelta(days=9999), 10) == 0
    assert await screenshots.forget(START + timedelta(days=99_999), 10) == 1
    assert await screenshots.read(digest) is None


async def test_the_history_of_segments_that_ended_goes(tmp_path: Path) -> None:
    workflow = DbosWorkflow(f"sqlite:///{tmp_path / 'workflow.sqlite'}")
    begun, go = asyncio.Event(), asyncio.Event()

    async def run(_segment: Segment, incident: str, _attempt: int) -> None:
        if incident == "long":
            begun.set()
            await go.wait()

    async def give_up(_: Segment, _incident: str, _attempt: int, _error: Exception) -> None:
        raise AssertionError

    later = START + timedelta(days=99_999)
    await workflow.launch(run, give_up)
    try:
        await workflow.start(Segment.ORIENT, "short", 1)
        await workflow.start(Segment.ORIENT, "long", 1)
        await asyncio.wait_for(begun.wait(), 10)
        async with asyncio.timeout(10):
            while await workflow.forget(later, 10) == 0:  # noqa: ASYNC110 - DBOS tells nobody
                await asyncio.sleep(0.05)
        assert await workflow.forget(later, 10) == 0, "what is under way stays"
        assert await workflow.forget(START, 10) == 0
    finally:
        go.set()
        await workflow.shutdown()
