"""The numbered promises of ``ports/ledger.py``, on both databases (about 5 s)."""

import asyncio
import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from tests.support.hand_clock import START, HandClock
from tests.support.record import Record, open_record, opened

from vigil.domain.cost import NOTHING, Allowance, Cost
from vigil.domain.errors import PortUnavailable
from vigil.integrations._clients.database import open_engine, write
from vigil.integrations.journal import Caps, SqlLedger
from vigil.ports.ledger import Ledger

CALL = Cost(tokens_in=900, tokens_out=100, money=Decimal("0.25"))
CHEAP = Cost(tokens_in=90, tokens_out=10, money=Decimal("0.02"))
CAPS = Caps(per_incident=Allowance(tokens=2500), per_day=Allowance(money=Decimal(1)))


@pytest.fixture
def record(tmp_path: Path, database_url: str) -> Iterator[Record]:
    made = open_record(tmp_path, database_url)
    yield made
    made.engine.dispose()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def ledger(record: Record, clock: HandClock) -> Ledger:
    return SqlLedger(record.engine, CAPS, clock)


async def an_incident(record: Record, number: int = 1) -> str:
    return (await opened(record, symptom=f"errors-{number}")).id


async def test_1_beyond_what_one_incident_may_cost_nothing_is_reserved(
    record: Record, ledger: Ledger
) -> None:
    incident = await an_incident(record)
    assert await ledger.reserve(incident, CALL) is None
    assert await ledger.reserve(incident, CALL) is None
    refused = "the next call could bring this incident to 3000 tokens, more than 2500"
    assert await ledger.reserve(incident, CALL) == refused
    assert await ledger.reserve(incident, CHEAP) is None, "what was refused is not counted"


async def test_1_beyond_what_a_day_may_cost_nothing_is_reserved(
    record: Record, ledger: Ledger, clock: HandClock
) -> None:
    for number in range(1, 5):
        assert await ledger.reserve(await an_incident(record, number), CALL) is None
    another = await an_incident(record, 5)
    refused = await ledger.reserve(another, CHEAP)
    assert refused is not None
    assert "all incidents within 24 hours to 1.02 in money, more than 1" in refused
    clock.advance(24 * 3600)
    assert await ledger.reserve(another, CHEAP) is None


async def test_1_without_a_cap_there_is_none(record: Record, clock: HandClock) -> None:
    ledger = SqlLedger(record.engine, Caps(), clock)
    incident = await an_incident(record)
    huge = Cost(tokens_in=10**12, tokens_out=10**12, money=Decimal(999_999))
    assert [await ledger.reserve(incident, huge) for _ in range(3)] == [None] * 3


async def test_2_of_many_at_once_only_so_many_are_let_through(
    record: Record, database_url: str, clock: HandClock
) -> None:
    incidents = [await an_incident(record, number) for number in range(1, 4)]
    others = [open_engine(database_url) for _ in range(3)]
    ledgers = [SqlLedger(engine, CAPS, clock) for engine in others]

    async def attempt() -> bool:
        own = random.choice(ledgers)  # noqa: S311 - whose it is does not matter
        return await own.reserve(random.choice(incidents), CALL) is None  # noqa: S311 - as above

    assert sum(await asyncio.gather(*(attempt() for _ in range(12)))) == 4
    for engine in others:
        engine.dispose()


async def test_3_what_it_did_cost_stands_instead(record: Record, ledger: Ledger) -> None:
    incident = await an_incident(record)
    for _ in range(16):
        assert await ledger.reserve(incident, CALL) is None
        await ledger.settle(incident, CALL, CHEAP)
    assert await ledger.reserve(incident, CALL) == (
        "the next call could bring this incident to 2600 tokens, more than 2500"
    )


async def test_3_what_is_never_settled_stays_counted(record: Record, ledger: Ledger) -> None:
    incident = await an_incident(record)
    await ledger.reserve(incident, CALL)
    await ledger.reserve(incident, CALL)
    await ledger.settle(incident, CALL, NOTHING)
    assert await ledger.reserve(incident, CALL) is None
    assert await ledger.reserve(incident, CALL) is not None, "one of the three was settled"


async def test_3_what_was_never_reserved_settles_nothing(record: Record, ledger: Ledger) -> None:
    incident = await an_incident(record)
    await ledger.reserve(incident, CALL)
    await ledger.settle(incident, CHEAP, NOTHING)
    await ledger.settle("no-such-incident", CALL, NOTHING)
    assert await ledger.reserve(incident, CALL) is None
    assert await ledger.reserve(incident, CALL) is not None


async def test_4_another_process_finds_it(
    record: Record, ledger: Ledger, database_url: str, clock: HandClock
) -> None:
    incident = await an_incident(record)
    await ledger.reserve(incident, CALL)
    await ledger.reserve(incident, CALL)
    engine = open_engine(database_url)
    assert await SqlLedger(engine, CAPS, clock).reserve(incident, CALL) is not None
    engine.dispose()


async def test_4_what_cannot_be_read_counts_as_spent(record: Record, ledger: Ledger) -> None:
    incident = await an_incident(record)
    await ledger.reserve(incident, CHEAP)
    spoilt = text("UPDATE outputs SET json_text = '{}' WHERE name = 'call-1'")
    write(record.engine, lambda c: c.execute(spoilt).rowcount)
    assert await ledger.reserve(incident, CHEAP) == (
        "what models have cost this incident cannot be read, so it counts as used up"
    )


async def test_4_a_record_that_does_not_answer_is_told(clock: HandClock) -> None:
    nobody = create_engine("postgresql+psycopg://vigil@127.0.0.1:1/vigil")
    with pytest.raises(PortUnavailable, match="the database did not answer"):
        await SqlLedger(nobody, CAPS, clock).reserve("a", CALL)


async def test_a_call_is_no_part_of_any_attempt(record: Record, ledger: Ledger) -> None:
    """So nothing that reads attempts reads it."""
    incident = await an_incident(record)
    await ledger.reserve(incident, CALL)
    assert await record.journal.outputs(incident, 1) == ()
    assert await record.journal.spent_since(START) == ()
