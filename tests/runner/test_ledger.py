"""The runner's own record, in a file and in a database that runners share."""

import asyncio
import json
import sqlite3
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url, update
from tests.runner.bench import Bench, lease_of
from tests.support.programs import free_port

from vigil.domain.effects import Call
from vigil.domain.errors import LockHeld, PlanMismatch, PortUnavailable
from vigil.domain.plan import ActionResult, ActionStatus, CallRecord
from vigil.domain.run import Lease, RunOrder
from vigil.runner.ledger import Ledger, Outcome, Rate, TooOften
from vigil.runner.store import open_store

CALL = Call(verb="process.restart", grant="restart", arguments=("web-1",))
RESULT = ActionResult(
    action="a1", status=ActionStatus.SUCCEEDED, exit_code=0, output="", seconds=1.0
)
FAILED = RESULT.model_copy(update={"status": ActionStatus.FAILED})


@pytest.fixture(params=["file", "shared"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str | None]:
    """A file, and the database that is to be preferred to it."""
    url = None if request.param == "file" else request.getfixturevalue("empty_postgres_url")
    return tmp_path / "runner.sqlite", url


@pytest.fixture
def ledger(where: tuple[Path, str | None]) -> Iterator[Ledger]:
    opened = Ledger(open_store(*where))
    yield opened
    opened.close()


@pytest.fixture
def order(bench: Bench) -> RunOrder:
    return bench.order("vigil-do process.restart restart web-1", lease=held(1))


def held(token: int) -> Lease:
    return lease_of(90, "shop/process:web-1", token=token)


def with_token(order: RunOrder, token: int) -> RunOrder:
    return order.model_copy(update={"lease": held(token)})


def test_what_is_written_is_there_after_a_restart(
    ledger: Ledger, where: tuple[Path, str | None], order: RunOrder
) -> None:
    assert ledger.begin_run(order, order.plan.digest) is None
    assert ledger.begin_effect("k:0", CALL, {"pid": 7}, order.lease.fences)
    ledger.close()
    again = Ledger(open_store(*where))
    begun = again.effect("k:0")
    assert begun is not None
    assert (begun.call, begun.before, begun.outcome) == (CALL, {"pid": 7}, None)
    again.end_effect("k:0", Outcome(ok=True, text="done"))
    again.log_call(order.run_key, CallRecord(call=CALL, allowed=True, result="done"))
    again.end_run(order, RESULT)
    assert again.begin_run(order, order.plan.digest) == RESULT
    ended = again.effect("k:0")
    assert ended is not None
    assert ended.outcome == Outcome(ok=True, text="done")
    again.close()


def test_one_key_is_one_run_and_its_first_end_stays(ledger: Ledger, order: RunOrder) -> None:
    ledger.begin_run(order, order.plan.digest)
    other = order.model_copy(update={"action": "a2"})
    with pytest.raises(PlanMismatch, match="stands for action 'a1'"):
        ledger.begin_run(other, order.plan.digest)
    assert ledger.end_run(order, RESULT)
    assert not ledger.end_run(order, FAILED)
    assert ledger.begin_run(order, order.plan.digest) == RESULT


async def test_of_many_that_begin_an_effect_one_does(ledger: Ledger) -> None:
    fences = held(1).fences
    begun = await asyncio.gather(
        *(asyncio.to_thread(ledger.begin_effect, "k:0", CALL, {}, fences) for _ in range(8))
    )
    assert sum(begun) == 1


def test_effects_are_those_of_their_run(ledger: Ledger) -> None:
    for key in ("k:1", "k:0", "kk:0", "k_:0"):
        assert ledger.begin_effect(key, CALL, {}, ())
    assert [effect.key for effect in ledger.effects_of("k")] == ["k:0", "k:1"]
    assert [effect.key for effect in ledger.effects_of("k_")] == ["k_:0"]
    assert ledger.effects_of("") == ()


def test_a_token_that_was_overtaken_begins_nothing(ledger: Ledger, order: RunOrder) -> None:
    ledger.begin_run(with_token(order, 7), order.plan.digest)
    with pytest.raises(LockHeld, match="token 6, and 7 has been seen"):
        ledger.begin_run(with_token(order, 6), order.plan.digest)
    with pytest.raises(LockHeld):
        ledger.begin_effect("k:0", CALL, {}, held(6).fences)
    with pytest.raises(LockHeld):
        ledger.note(held(6).fences)
    assert ledger.effect("k:0") is None
    assert ledger.begin_effect("k:0", CALL, {}, held(7).fences)


def test_of_tokens_all_are_noted_or_none(ledger: Ledger) -> None:
    ledger.note(lease_of(1, "b", token=5).fences)
    both = (*lease_of(1, "a", token=9).fences, *lease_of(1, "b", token=4).fences)
    with pytest.raises(LockHeld):
        ledger.note(both)
    ledger.note(lease_of(1, "a", token=3).fences)


def test_whoever_was_overtaken_has_no_end_to_tell(ledger: Ledger, order: RunOrder) -> None:
    """Refused a call, it would end as failed what another one goes on with."""
    ledger.begin_run(with_token(order, 1), order.plan.digest)
    ledger.begin_run(with_token(order, 2), order.plan.digest)
    assert not ledger.end_run(with_token(order, 1), FAILED)
    assert ledger.end_run(with_token(order, 2), RESULT)
    assert ledger.begin_run(order, order.plan.digest) == RESULT


def test_what_ended_is_answered_whatever_was_overtaken(ledger: Ledger, order: RunOrder) -> None:
    ledger.begin_run(order, order.plan.digest)
    ledger.end_run(order, RESULT)
    ledger.note(held(9).fences)
    assert ledger.begin_run(order, order.plan.digest) == RESULT


def test_only_a_database_is_shared_and_only_one_that_can_be(
    ledger: Ledger, where: tuple[Path, str | None]
) -> None:
    file, url = where
    assert ledger.shared == (url is not None)
    assert file.exists() == (url is None)
    named = open_store(file, f"sqlite:///{file.with_name('record.sqlite')}")
    assert not named.shared, "the record of a single process is no place for it"
    named.close()


def test_a_file_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    file = tmp_path / "runner.sqlite"
    ledger = Ledger(open_store(file, None))
    with sqlite3.connect(file) as base:
        base.execute("DROP TABLE effects")
    base.close()
    with pytest.raises(PortUnavailable, match=r"no such table.*is its disk full"):
        ledger.effect("k:0")
    ledger.close()
    assert stat.S_ISREG(file.stat().st_mode)


def test_a_database_that_fails_says_so_without_its_password(empty_postgres_url: str) -> None:
    url = make_url(empty_postgres_url)
    ledger = Ledger(open_store(Path("unused"), empty_postgres_url))
    with psycopg.connect(empty_postgres_url) as other:
        other.execute("DROP TABLE runner_effects")
    with pytest.raises(PortUnavailable, match=r"runner_effects.* can it be reached") as failed:
        ledger.effect("k:0")
    ledger.close()
    assert str(url.password) not in str(failed.value)


def test_a_database_that_is_gone_says_so_without_its_password(empty_postgres_url: str) -> None:
    url = make_url(empty_postgres_url)
    nowhere = url.set(port=free_port()).render_as_string(hide_password=False)
    with pytest.raises(PortUnavailable, match="can it be reached") as failed:
        open_store(Path("unused"), nowhere)
    assert str(url.password) not in str(failed.value)


def test_a_grant_is_used_as_often_as_it_says_whoever_asks(
    ledger: Ledger, where: tuple[Path, str | None]
) -> None:
    rate, fences = Rate(grant="shop/restart", most_per_hour=5), held(1).fences
    others = [Ledger(open_store(*where)) for _ in range(3)]

    def ask(number: int) -> bool:
        try:
            return others[number % 3].begin_effect(f"k:{number}", CALL, {}, fences, rate)
        except TooOften:
            return False

    with ThreadPoolExecutor(6) as pool:
        begun = list(pool.map(ask, range(12)))
    assert sum(begun) == 5
    noted = [ledger.effect(f"k:{number}") is not None for number in range(12)]
    assert noted == begun, "what is refused is not on record as begun"
    again = rate.model_copy(update={"grant": "shop/release"})
    assert ledger.begin_effect("k:12", CALL, {}, fences, again), "each grant has a count of its own"
    for other in others:
        other.close()


def test_what_is_done_once_more_counts_once_more(ledger: Ledger) -> None:
    rate, fences = Rate(grant="shop/restart", most_per_hour=2), held(7).fences
    assert ledger.begin_effect("k:0", CALL, {}, fences, rate)
    ledger.note(fences, rate)
    with pytest.raises(TooOften, match="allows 2 calls an hour, and 2 have begun"):
        ledger.note(held(8).fences, rate)
    # All of it or nothing: the token was not noted either.
    ledger.note(held(7).fences)


def test_what_began_more_than_an_hour_ago_does_not_count(
    ledger: Ledger, where: tuple[Path, str | None]
) -> None:
    rate, fences = Rate(grant="shop/restart", most_per_hour=1), held(1).fences
    assert ledger.begin_effect("k:0", CALL, {}, fences, rate)
    with pytest.raises(TooOften, match="allows 1 calls an hour"):
        ledger.begin_effect("k:1", CALL, {}, fences, rate)
    long_ago = json.dumps([(datetime.now(UTC) - timedelta(minutes=61)).isoformat()])
    rates = ledger._tables.rates
    ledger._store.transaction(lambda c: c.execute(update(rates).values(begun_at=long_ago)))
    assert ledger.begin_effect("k:1", CALL, {}, fences, rate)
