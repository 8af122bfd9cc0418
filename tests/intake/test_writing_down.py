"""Writing down: on disk before the answer, many in one commit, nobody's mistake another one's."""

import asyncio
import gc
from weakref import ref

import pytest
from tests.intake.desk import Desk, complaint, delivery

from vigil.domain.alert import Delivery
from vigil.domain.errors import InboxFull, PortUnavailable
from vigil.integrations.journal.letters import SOURCE_BYTES
from vigil.writing_down import WritingDown


async def test_what_arrives_during_a_commit_goes_into_the_next_one_together(desk: Desk) -> None:
    storm = [delivery(complaint(fingerprint=str(number))) for number in range(200)]
    before = len(desk.commits)
    await desk.put(*storm)
    assert len(desk.commits) - before <= 3
    letters = await desk.record.inbox.letters("alertmanager", 1000)
    assert [letter.delivery for letter in letters] == storm, "in the order in which they came"
    assert [letter.at for letter in letters] == [desk.clock.now()] * 200
    assert desk.inbox.written.is_set()


async def test_one_that_cannot_be_written_fails_alone(desk: Desk) -> None:
    desk.execute(
        "CREATE TRIGGER odd BEFORE INSERT ON inbox WHEN NEW.source = 'odd' "
        "BEGIN SELECT RAISE(ABORT, 'no'); END"
    )
    odd = delivery(complaint(source="odd"))
    fine = [delivery(complaint(fingerprint=str(number))) for number in range(5)]
    told = await asyncio.gather(
        *(desk.inbox.put(one) for one in (*fine, odd, *fine)), return_exceptions=True
    )
    assert [type(one).__name__ for one in told] == [
        *["NoneType"] * 5,
        "IntegrityError",
        *["NoneType"] * 5,
    ]
    assert await desk.waiting() == {"alertmanager": 10}


async def test_without_room_it_says_when_to_come_again(desk: Desk) -> None:
    await desk.put(delivery(complaint()))
    desk.execute("UPDATE inbox SET size = :size", size=SOURCE_BYTES)
    desk.clock.advance(50)
    with pytest.raises(InboxFull, match="alertmanager; send it again after 5 s") as full:
        await desk.put(delivery(complaint(fingerprint="g")))
    assert full.value.retry_after_s == 5
    await desk.put(delivery(complaint(source="pagerduty")))
    await desk.take_in()
    await desk.put(delivery(complaint(fingerprint="g")))


async def test_a_record_that_does_not_answer_is_not_waited_for(desk: Desk) -> None:
    """Whoever gave up takes the delivery along: only who still waits is written down."""
    hasty = WritingDown(desk.record.inbox, desk.clock, patience_s=0.2)
    with desk.record.engine.connect() as another:
        another.exec_driver_sql("UPDATE inbox SET failed = NULL")
        given = await asyncio.gather(
            *(hasty.put(delivery(complaint(fingerprint=str(n)))) for n in range(3)),
            return_exceptions=True,
        )
        assert [type(one) for one in given] == [PortUnavailable] * 3
        assert "within 0.2 s" in str(given[0])
        late = asyncio.create_task(desk.inbox.put(delivery(complaint(fingerprint="late"))))
        await asyncio.sleep(0.1)
        another.rollback()
    await late
    assert (await desk.waiting())["alertmanager"] <= 4


async def gave_up(inbox: WritingDown, *deliveries: Delivery) -> list[str]:
    """Half of them hang up, half wait as long as anybody may; what each was told."""
    tasks = [asyncio.create_task(inbox.put(one)) for one in deliveries]
    await asyncio.sleep(0.05)
    for task in tasks[::2]:
        task.cancel()
    return [type(one).__name__ for one in await asyncio.gather(*tasks, return_exceptions=True)]


async def test_while_the_record_hangs_nothing_is_kept_of_those_who_gave_up(desk: Desk) -> None:
    """However many come and go: only one group is in the hands of the commit that hangs."""
    hasty = WritingDown(desk.record.inbox, desk.clock, patience_s=0.3)
    late = [delivery(complaint(fingerprint=str(number))) for number in range(20)]
    seen = [ref(one) for one in late]
    with desk.record.engine.connect() as another:
        another.exec_driver_sql("UPDATE inbox SET failed = NULL")
        held = asyncio.create_task(hasty.put(delivery(complaint())))
        await asyncio.sleep(0.05)
        assert await gave_up(hasty, *late) == ["CancelledError", "PortUnavailable"] * 10
        late.clear()
        await asyncio.sleep(0)
        gc.collect()
        assert [one() for one in seen] == [None] * 20
        another.rollback()
    with pytest.raises(PortUnavailable):
        await held
    await hasty.put(delivery(complaint(fingerprint="g")))
    assert await desk.waiting() == {"alertmanager": 2}


async def test_a_part_that_fails_for_now_is_said_to_each(desk: Desk) -> None:
    desk.execute("ALTER TABLE inbox RENAME TO elsewhere")
    given = await asyncio.gather(
        *(desk.inbox.put(delivery(complaint())) for _ in range(2)), return_exceptions=True
    )
    assert [type(one) for one in given] == [PortUnavailable] * 2
    assert given[0] is not given[1]
    desk.execute("ALTER TABLE elsewhere RENAME TO inbox")
    await desk.put(delivery(complaint()))
