"""The numbered promises of ``ports/meanings.py``, on both databases (about 5 s)."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.support.record import Record, at, open_record, opened

from vigil.domain.errors import NotRedacted
from vigil.domain.tokens import Tokens
from vigil.integrations._clients.database import write
from vigil.integrations.journal import SqlMeanings
from vigil.integrations.journal.chain import erase
from vigil.ports.meanings import Meanings

ANNA = Tokens(values={"[EMAIL_1]": "anna@example.org"})
BOTH = Tokens(values={**ANNA.values, "[PASSWORD_1]": "correct-horse-9 \U0001f600\n'\""})


@pytest.fixture
def record(tmp_path: Path, database_url: str) -> Iterator[Record]:
    made = open_record(tmp_path, database_url)
    yield made
    made.engine.dispose()


@pytest.fixture
def meanings(record: Record) -> Meanings:
    return SqlMeanings(record.engine, record.keys)


async def an_incident(record: Record, number: int = 1) -> str:
    return (await opened(record, symptom=f"errors-{number}")).id


async def test_1_what_was_kept_is_known_in_any_process(record: Record, meanings: Meanings) -> None:
    incident = await an_incident(record)
    assert await meanings.known(incident) == Tokens()
    await meanings.keep(incident, ANNA)
    await meanings.keep(incident, BOTH)
    other = SqlMeanings(record.engine, record.keys)
    assert await other.known(incident) == BOTH
    assert await other.known("nobody") == Tokens()


async def test_1_what_cannot_be_spelled_is_kept_as_far_as_it_can(
    record: Record, meanings: Meanings
) -> None:
    incident = await an_incident(record)
    half = Tokens(values={"[PASSWORD_1]": "half a pair \ud83d", "[NAME_1]": "\x00"})
    await meanings.keep(incident, half)
    await meanings.keep(incident, half)
    assert (await meanings.known(incident)).values == {
        "[PASSWORD_1]": "half a pair ?",
        "[NAME_1]": "\x00",
    }


async def test_2_a_token_never_comes_to_stand_for_something_else(
    record: Record, meanings: Meanings
) -> None:
    incident = await an_incident(record)
    await meanings.keep(incident, ANNA)
    with pytest.raises(NotRedacted) as raised:
        await meanings.keep(
            incident, Tokens(values={"[EMAIL_1]": "bo@x.org", "[EMAIL_2]": "c@x.org"})
        )
    assert "x.org" not in str(raised.value)
    assert "anna" not in str(raised.value)
    assert await meanings.known(incident) == ANNA


async def test_2_of_many_at_once_one_wins(record: Record, meanings: Meanings) -> None:
    incident = await an_incident(record)
    given = [Tokens(values={"[NAME_1]": f"Anna {number}"}) for number in range(5)]
    done = await asyncio.gather(
        *(meanings.keep(incident, tokens) for tokens in given), return_exceptions=True
    )
    assert sum(one is None for one in done) == 1
    assert await meanings.known(incident) == given[done.index(None)]


async def test_3_at_rest_nothing_of_it_can_be_read(record: Record, meanings: Meanings) -> None:
    incident = await an_incident(record)
    await meanings.keep(incident, BOTH)
    with record.engine.connect() as connection:
        rows = connection.execute(text("SELECT name, json_text FROM outputs")).all()
    assert len(rows) == 2
    assert not any("anna" in row.json_text or "horse" in row.json_text for row in rows)


async def test_3_what_was_moved_or_changed_is_not_opened(
    record: Record, meanings: Meanings
) -> None:
    first, second = await an_incident(record, 1), await an_incident(record, 2)
    await meanings.keep(first, ANNA)
    moved = text("UPDATE outputs SET incident = :to WHERE incident = :of")
    write(record.engine, lambda c: c.execute(moved, {"to": second, "of": first}))
    with pytest.raises(NotRedacted):
        await meanings.known(second)
    with pytest.raises(NotRedacted):
        await meanings.keep(second, ANNA)


async def test_4_it_goes_with_what_the_incident_said(record: Record, meanings: Meanings) -> None:
    incident = await an_incident(record)
    await meanings.keep(incident, ANNA)
    closed = text("UPDATE incidents SET closed_at = opened_at WHERE id = :of")
    write(record.engine, lambda c: c.execute(closed, {"of": incident}))
    write(record.engine, lambda c: erase(c, record.keys, incident, at(9), after_days=90))
    assert await meanings.known(incident) == Tokens()
