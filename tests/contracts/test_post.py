"""The numbered promises of ``ports/post.py``, on both databases (about 8 s)."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from tests.support.hand_clock import HandClock
from tests.support.record import Record, at, erase_payloads, kinds, open_record, opened

from vigil.domain.incident import Stage
from vigil.domain.message import Became, Deed, Draft, Message, State
from vigil.integrations._clients.database import read
from vigil.integrations.journal import SqlPost
from vigil.integrations.journal.retention import Retention
from vigil.integrations.journal.tables import post as post_table
from vigil.integrations.journal.tables import post_read
from vigil.ports.journal import Note
from vigil.ports.post import FOLLOWED, TAKEN_UP, Post

PAGER, OTHER = "pagerduty", "elsewhere"
TOLD = Became(state=State.TOLD, text="noted", remote="PNOTE1")
NOTE = Note(kind="told", payload={"text": "noted"})


@pytest.fixture
def record(tmp_path: Path, database_url: str) -> Iterator[Record]:
    made = open_record(tmp_path, database_url)
    yield made
    made.engine.dispose()


@pytest.fixture
def post(record: Record) -> Post:
    return SqlPost(record.engine, record.keys)


def draft(key: str = "opened", place: str = "QPLACE1", deed: Deed = Deed.NOTE) -> Draft:
    return Draft(place=place, key=key, deed=deed, said_at=at(1))


async def an_incident(record: Record, number: int = 1) -> str:
    return (await opened(record, symptom=f"errors-{number}")).id


async def written(post: Post, incident: str, *drafts: Draft, now: float = 1) -> None:
    await post.write(PAGER, incident, 1, drafts, at(now))


async def taken(post: Post, now: float = 1) -> Message:
    message = await post.take(PAGER, at(now))
    assert message is not None
    return message


async def test_1_what_was_not_read_is_news(record: Record, post: Post) -> None:
    incident = await an_incident(record)
    (news,) = await post.news(PAGER, at(0), 10)
    assert (news.incident, news.read, news.since) == (incident, 0, at(0))
    await post.write(PAGER, incident, 1, [], at(0))
    assert await post.news(PAGER, at(1), 10) == ()
    await record.journal.append(incident, [NOTE], at(2))
    (again,) = await post.news(PAGER, at(2), 10)
    assert (again.read, again.since) == (1, at(0)), "a channel's time begins once"
    assert [news.read for news in await post.news(OTHER, at(2), 10)] == [0]


async def test_1_and_only_so_many_at_once(record: Record, post: Post) -> None:
    for number in range(3):
        await an_incident(record, number)
    assert len(await post.news(PAGER, at(0), 2)) == 2


async def test_1_what_ended_long_ago_is_not_followed(record: Record, post: Post) -> None:
    incident = await opened(record)
    closed = incident.model_copy(update={"stage": Stage.ESCALATED, "closed_at": at(2)})
    assert await record.journal.commit(incident=closed, expected=(Stage.TRIGGERED, 1), now=at(2))
    assert len(await post.news(PAGER, at(2) + FOLLOWED, 10)) == 1
    assert await post.news(PAGER, at(3) + FOLLOWED, 10) == ()


async def test_2_a_message_is_written_once(record: Record, post: Post) -> None:
    incident = await an_incident(record)
    await written(post, incident, draft())
    await post.settle(await taken(post), TOLD, [NOTE], at(1))
    await written(post, incident, draft(), now=5)
    assert await post.take(PAGER, at(9)) is None
    await written(post, incident, draft(deed=Deed.RESOLVE), draft(place="Q2"), draft("closed:1"))
    assert (await post.standing(PAGER)).due == 3


async def test_2_the_mark_never_moves_back(record: Record, post: Post) -> None:
    incident = await an_incident(record)
    await record.journal.append(incident, [NOTE, NOTE], at(1))
    await post.write(PAGER, incident, 3, [], at(1))
    await post.write(PAGER, incident, 1, [], at(1))
    assert await post.news(PAGER, at(1), 10) == ()


async def test_3_of_one_place_the_next_waits_for_the_one_before(record: Record, post: Post) -> None:
    incident, other = await an_incident(record), await an_incident(record, 2)
    await written(post, incident, draft("a"), draft("b"), draft("a", place="Q2"))
    await written(post, other, draft("c"))
    first = await taken(post)
    assert (first.key, first.tries, first.channel) == ("a", 1, PAGER)
    assert {((m := await taken(post)).place, m.key) for _ in range(2)} == {
        ("Q2", "a"),
        ("QPLACE1", "c"),
    }
    assert await post.take(PAGER, at(1)) is None
    await post.settle(first, TOLD, [], at(1))
    assert (await taken(post)).key == "b"


async def test_3_one_that_is_put_off_holds_up_its_place_only(record: Record, post: Post) -> None:
    incident = await an_incident(record)
    await written(post, incident, draft("a"), draft("b"), draft("c", place="Q2"))
    later = Became(state=State.DUE, text="503", again_at=at(60))
    assert await post.settle(await taken(post), later, [], at(1))
    assert (await taken(post)).place == "Q2"
    assert await post.take(PAGER, at(59)) is None
    again = await taken(post, now=60)
    assert (again.key, again.tries) == ("a", 2)


async def test_3_what_was_taken_up_and_lost_is_due_again(record: Record, post: Post) -> None:
    incident = await an_incident(record)
    await written(post, incident, draft())
    lost = await taken(post)
    soon = at(1) + TAKEN_UP - timedelta(seconds=1)
    assert await post.take(PAGER, soon) is None
    again = await post.take(PAGER, at(1) + TAKEN_UP)
    assert again is not None
    assert (again.number, again.tries, again.mark) == (lost.number, 2, lost.mark)


async def test_3_of_many_that_take_each_message_goes_to_one(record: Record, post: Post) -> None:
    for number in range(4):
        await written(post, await an_incident(record, number), draft())
    others = [SqlPost(record.engine, record.keys) for _ in range(8)]
    found = await asyncio.gather(*(each.take(PAGER, at(2)) for each in others))
    numbers = [message.number for message in found if message is not None]
    while (message := await post.take(PAGER, at(2))) is not None:
        numbers.append(message.number)
    assert len(numbers) == len(set(numbers)) == 4


async def test_3_a_channel_takes_its_own_only(record: Record, post: Post) -> None:
    await written(post, await an_incident(record), draft())
    assert await post.take(OTHER, at(2)) is None


async def test_4_what_became_of_it_comes_with_its_event(record: Record, post: Post) -> None:
    incident = await opened(record)
    await written(post, incident.id, draft())
    assert await post.settle(await taken(post), TOLD, [NOTE], at(2))
    assert await kinds(record, incident) == ["opened", "told"]
    standing = await post.standing(PAGER)
    assert (standing.due, standing.told, standing.not_told) == (0, 1, 0)


async def test_4_who_comes_too_late_writes_nothing(record: Record, post: Post) -> None:
    incident = await opened(record)
    await written(post, incident.id, draft())
    late = await taken(post)
    again = await post.take(PAGER, at(1) + TAKEN_UP)
    assert again is not None
    assert not await post.settle(late, TOLD, [NOTE], at(200))
    assert await post.settle(again, TOLD, [NOTE], at(200))
    assert not await post.settle(again, TOLD, [NOTE], at(201))
    assert await kinds(record, incident) == ["opened", "told"]


async def test_4_what_a_channel_says_can_be_kept_whatever_it_is(record: Record, post: Post) -> None:
    await written(post, await an_incident(record), draft())
    strange = Became(state=State.TOLD, text="a\x00b\ud83d", remote="\x00")
    assert await post.settle(await taken(post), strange, [], at(2))


async def test_5_it_says_how_a_channel_fares(record: Record, post: Post) -> None:
    assert await post.standing(PAGER) == await post.standing(OTHER)
    await written(post, await an_incident(record), draft("a"), draft("b"))
    standing = await post.standing(PAGER)
    assert (standing.due, standing.oldest_at, standing.failing) == (2, at(1), None)
    later = Became(state=State.DUE, text="503", again_at=at(60))
    await post.settle(await taken(post), later, [], at(1))
    assert (await post.standing(PAGER)).failing == "503"
    await post.settle(await taken(post, now=60), TOLD, [], at(60))
    never = Became(state=State.NOT_TOLD, text="gone")
    await post.settle(await taken(post, now=60), never, [], at(60))
    standing = await post.standing(PAGER)
    assert (standing.due, standing.told, standing.not_told, standing.failing) == (0, 1, 1, None)


async def test_5_it_names_what_waits_longest_to_be_read(record: Record, post: Post) -> None:
    older, newer = await an_incident(record), await an_incident(record, 2)
    assert await post.unread(PAGER, at(9)) is None, "its time has not begun"
    await post.news(PAGER, at(5), 10)
    unread = await post.unread(PAGER, at(9))
    assert unread is not None
    assert (unread.incident in {older, newer}, unread.since) == (True, at(5))
    for incident in (older, newer):
        await post.write(PAGER, incident, 1, [], at(6))
    assert await post.unread(PAGER, at(9)) is None
    await record.journal.append(newer, [NOTE], at(7))
    await record.journal.append(older, [NOTE], at(8))
    await record.journal.append(newer, [NOTE], at(9))
    unread = await post.unread(PAGER, at(9))
    assert unread is not None
    assert (unread.incident, unread.since) == (newer, at(7))


async def test_5_what_is_not_followed_waits_for_nobody(record: Record, post: Post) -> None:
    incident = await opened(record)
    await post.news(PAGER, at(0), 10)
    closed = incident.model_copy(update={"stage": Stage.ESCALATED, "closed_at": at(2)})
    assert await record.journal.commit(incident=closed, expected=(Stage.TRIGGERED, 1), now=at(2))
    assert await post.unread(PAGER, at(2) + FOLLOWED) is not None
    assert await post.unread(PAGER, at(3) + FOLLOWED) is None


async def test_6_messages_go_with_what_the_incident_said(record: Record, post: Post) -> None:
    incident = await opened(record)
    await post.news(PAGER, at(0), 10)
    await written(post, incident.id, draft())
    closed = incident.model_copy(update={"stage": Stage.ESCALATED, "closed_at": at(2)})
    assert await record.journal.commit(incident=closed, expected=(Stage.TRIGGERED, 1), now=at(2))
    await record.journal.append(incident.id, [NOTE], at(3))
    message = await taken(post)
    clock = HandClock()
    clock.advance(timedelta(days=31).total_seconds())
    await Retention(record.engine, record.keys, clock, timedelta(days=30)).once()
    for table in (post_table, post_read):
        count = select(func.count()).select_from(table)
        with record.engine.connect() as connection:
            assert connection.execute(count).scalar_one() == 0
    assert not await post.settle(message, TOLD, [NOTE], at(3))
    assert await post.take(PAGER, at(9_000_000)) is None


async def test_6_and_hold_none_of_it(record: Record, post: Post) -> None:
    incident = await an_incident(record)
    await written(post, incident, draft())
    rows = read(record.engine, lambda c: c.execute(select(post_table)).mappings().all())
    assert "half of the checkouts fail" not in str([dict(row) for row in rows])
    assert erase_payloads(record, incident, at(9)) > 0
