"""The stream that keeps pages new: what it says, how many may listen, and how it ends."""

import asyncio
import json
import shutil
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from tests.support.buses import breakable_redis, kept_going, redis_bus
from tests.web.house import BEARER, House, served

from vigil.domain.news import News
from vigil.domain.switch import SwitchState
from vigil.domain.timeline import Head
from vigil.integrations.bus.embedded import EmbeddedBus
from vigil.integrations.journal import SqlJournal
from vigil.ports.journal import Note
from vigil.web.console import changes
from vigil.web.console.changes import MOST_LISTENERS, SWITCH, Changes

PATH = "/console/events"
PATIENCE_S = 30.0

Sent = tuple[str, dict[str, Any]]


@asynccontextmanager
async def listening(house: House) -> AsyncIterator[AsyncIterator[Sent]]:
    """The events of one stream, each with its name and its data."""

    async def read(lines: AsyncIterator[str]) -> AsyncGenerator[Sent, None]:
        name = ""
        async for line in lines:
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                yield name, json.loads(value)

    async with house.client.stream("GET", PATH, headers=BEARER) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        async with aclosing(read(answer.aiter_lines())) as events:
            yield events


async def following(events: AsyncIterator[Sent]) -> Sent:
    async with asyncio.timeout(PATIENCE_S):
        return await anext(events)


async def test_a_page_hears_first_everything_and_then_what_changes(house: House) -> None:
    first, _ = await house.waiting("web")
    other, _ = await house.waiting("worker")
    async with listening(house) as events:
        name, data = await following(events)
        assert name == "changed"
        assert data == {"incidents": {first.id: 6, other.id: 6}, "switch": True}
        await house.record.journal.append(first.id, [Note(kind="n")], house.clock.now())
        assert await following(events) == ("changed", {"incidents": {first.id: 7}, "switch": False})
        house.engine.turn_switch(SwitchState(stopped=True, by="ada"))
        assert await following(events) == ("changed", {"incidents": {}, "switch": True})
        third, _ = await house.waiting("database")
        name, data = await following(events)
        assert set(data["incidents"]) == {third.id}


async def test_a_page_hears_that_there_is_nothing_new(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "ALIVE_S", 0.05)
    async with listening(house) as events:
        await following(events)
        for _ in range(3):
            assert await following(events) == ("alive", {})


async def test_a_stream_ends_after_a_while_so_that_the_door_looks_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "STREAM_S", 0.2)
    monkeypatch.setattr(changes, "ALIVE_S", 0.05)
    async with listening(house) as events:
        async with asyncio.timeout(PATIENCE_S):
            heard = [name async for name, _ in events]
    assert heard[0] == "changed"


async def test_only_so_many_may_listen_and_a_seat_is_free_again(house: House) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(MOST_LISTENERS):
            await following(await stack.enter_async_context(listening(house)))
        full = await house.client.get(PATH, headers=BEARER)
        assert full.status_code == 503
        assert full.json()["error"]["what"] == "too many pages are open at once"
        assert (await house.client.get("/api/incidents", headers=BEARER)).status_code == 200
    for _ in range(100):
        if await _free(house):
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the seats of pages that were closed stay taken")


async def _free(house: House) -> bool:
    async with house.client.stream("GET", PATH, headers=BEARER) as answer:
        return answer.status_code == 200


async def test_open_streams_do_not_keep_vigil_from_ending(house: House) -> None:
    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(listening(house)) for _ in range(3)]
        for events in streams:
            await following(events)
        began = time.monotonic()
        house.stopping.set()
        for events in streams:
            with pytest.raises(StopAsyncIteration):
                await following(events)
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.shield(house.serving)
    assert time.monotonic() - began < PATIENCE_S


async def test_a_record_that_does_not_answer_for_a_while_is_looked_at_again(house: House) -> None:
    incident, _ = await house.waiting()
    with house.record.engine.begin() as connection:
        connection.execute(text("ALTER TABLE incidents RENAME TO elsewhere"))
    hub = Changes(house.engine, asyncio.Event())
    with hub.seat() as free:
        assert free
        await asyncio.sleep(2 * changes.LOOK_S)
        with house.record.engine.begin() as connection:
            connection.execute(text("ALTER TABLE elsewhere RENAME TO incidents"))
        async with asyncio.timeout(PATIENCE_S), aclosing(hub.listen()) as news:
            assert set(await anext(news)) == {incident.id, SWITCH}


NEVER_S = 3600.0


@pytest.fixture
def hardly_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is seen in time was announced, not looked for."""
    monkeypatch.setattr(changes, "LOOK_S", NEVER_S)
    monkeypatch.setattr(changes, "SLOW_LOOK_S", NEVER_S)


async def test_what_is_announced_is_looked_at_at_once(
    tmp_path: Path, hardly_ever: None, empty_record: Path
) -> None:
    shutil.copytree(empty_record, tmp_path, dirs_exist_ok=True)
    async with served(tmp_path, EmbeddedBus(time.monotonic, alone=True)) as house:
        incident, _ = await house.waiting()
        async with listening(house) as events:
            await following(events)
            for _ in range(3):
                await house.record.journal.append(incident.id, [Note(kind="n")], house.clock.now())
                _, data = await following(events)
                assert set(data["incidents"]) == {incident.id}


async def test_what_another_process_wrote_is_heard_over_redis_at_once(
    tmp_path: Path, hardly_ever: None, empty_record: Path
) -> None:
    shutil.copytree(empty_record, tmp_path, dirs_exist_ok=True)
    with breakable_redis() as server:
        here, there = redis_bus(server.url()), redis_bus(server.url())
        async with kept_going(here, there), served(tmp_path, here) as house:
            incident, _ = await house.waiting()
            record = house.record
            elsewhere = SqlJournal(record.engine, record.keys, there.announce)
            async with listening(house) as events:
                await following(events)
                await elsewhere.append(incident.id, [Note(kind="n")], house.clock.now())
                _, data = await following(events)
                assert set(data["incidents"]) == {incident.id}


@pytest.mark.parametrize("alone", [True, False])
async def test_what_is_not_announced_is_seen_by_the_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone: bool, empty_record: Path
) -> None:
    """Slowly where every change should be announced, soon where others write unheard."""
    shutil.copytree(empty_record, tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(changes, "LOOK_S", 0.2)
    monkeypatch.setattr(changes, "SLOW_LOOK_S", 8.0)
    async with served(tmp_path, EmbeddedBus(time.monotonic, alone=alone)) as house:
        incident, _ = await house.waiting()
        silent = SqlJournal(house.record.engine, house.record.keys)
        async with listening(house) as events:
            await following(events)
            # The gap that a listener hears first makes for a second look.
            await asyncio.sleep(0.5)
            began = time.monotonic()
            await silent.append(incident.id, [Note(kind="n")], house.clock.now())
            _, data = await following(events)
            assert set(data["incidents"]) == {incident.id}
            assert (time.monotonic() - began > 5) is alone


async def test_a_page_goes_on_while_redis_is_killed(tmp_path: Path, empty_record: Path) -> None:
    shutil.copytree(empty_record, tmp_path, dirs_exist_ok=True)
    with breakable_redis() as server:
        bus = redis_bus(server.url())
        async with kept_going(bus), served(tmp_path, bus) as house:
            incident, _ = await house.waiting()
            silent = SqlJournal(house.record.engine, house.record.keys)
            async with listening(house) as events:
                await following(events)
                server.kill()
                for journal in (house.record.journal, silent):
                    await journal.append(incident.id, [Note(kind="n")], house.clock.now())
                    name, data = await following(events)
                    assert (name, set(data["incidents"])) == ("changed", {incident.id})


async def test_however_much_is_announced_the_record_is_looked_at_now_and_then_only(
    house: House,
) -> None:
    bus = EmbeddedBus(time.monotonic, alone=True)
    house.engine.bus = bus
    looks = 0
    heads = house.engine.heads

    async def counted(limit: int) -> tuple[Head, ...]:
        nonlocal looks
        looks += 1
        return await heads(limit)

    house.engine.heads = counted  # type: ignore[method-assign] # counted, not changed
    hub = Changes(house.engine, asyncio.Event())
    with hub.seat():
        began = time.monotonic()
        for number in range(100):
            bus.announce([News(incident="busy", seq=number, version=number)])
            await asyncio.sleep(0.005)
    assert 2 <= looks <= 2 + (time.monotonic() - began) / changes.SPACING_S


async def test_what_was_seen_already_is_not_looked_at_again(house: House) -> None:
    incident, _ = await house.waiting()
    news = await house.record.journal.news(incident.id)
    bus = EmbeddedBus(time.monotonic, alone=True)
    house.engine.bus = bus
    hub = Changes(house.engine, asyncio.Event())
    with hub.seat():
        async with asyncio.timeout(PATIENCE_S), aclosing(hub.listen()) as heard:
            await anext(heard)
        await asyncio.sleep(3 * changes.SPACING_S)
        bus.announce([news])
        await asyncio.sleep(changes.SPACING_S)
        assert not hub._due.is_set()
        later = {"seq": news.seq + 1, "version": news.version + 1}
        bus.announce([news.model_copy(update=later)])
        async with asyncio.timeout(PATIENCE_S):
            await hub._due.wait()


async def test_nobody_looks_when_nobody_listens(house: House) -> None:
    hub = Changes(house.engine, asyncio.Event())
    with hub.seat():
        looking = hub._looking
        assert looking is not None
        assert not looking.done()
    await asyncio.gather(looking, return_exceptions=True)
    assert looking.cancelled()
    with hub.seat():
        assert hub._looking is not looking


async def test_a_stream_ends_when_nobody_looks_any_more(house: House) -> None:
    hub = Changes(house.engine, asyncio.Event())
    with hub.seat():
        async with asyncio.timeout(PATIENCE_S), aclosing(hub.listen()) as news:
            await anext(news)
            assert hub._looking is not None
            hub._looking.cancel()
            with pytest.raises(StopAsyncIteration):
                await anext(news)
