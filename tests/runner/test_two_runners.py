"""Two runners, one target, one ledger: what one has begun the other one recognises.

The first is a process of its own, as a worker has it; the second runs here, and does not wait as
long for the first one's effects.
"""

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import JsonValue
from tests.runner.bench import Bench, lease_of, running, sandboxes_in, until

from vigil.domain.effects import Call
from vigil.domain.errors import LockHeld
from vigil.domain.plan import ActionResult, ActionStatus
from vigil.domain.run import Fence, Lease, RunOrder
from vigil.guard import analyse
from vigil.runner.broker import Broker
from vigil.runner.call_log import CallLog
from vigil.runner.ledger import Ledger, Outcome, Rate
from vigil.runner.orders import checked
from vigil.runner.runs import Listener, Runs
from vigil.runner.store import open_store
from vigil.runner.switch import switch_at
from vigil.runner.verbs.supervisor import Supervisor

RESTART = "vigil-do process.restart restart web-1"
NEEDED = ("shop/process:restart/web-1", "shop/release:release")
SOON_S = 1.0


def held(token: int, seconds: float = 90.0) -> Lease:
    return lease_of(seconds, *NEEDED, token=token)


def taken_over(order: RunOrder) -> RunOrder:
    """The same run, asked for by the worker that goes on with it."""
    fences = tuple(fence.model_copy(update={"token": 2}) for fence in order.lease.fences)
    return order.model_copy(update={"lease": held(2).model_copy(update={"fences": fences})})


def called_off(order: RunOrder) -> RunOrder:
    """What the worker that takes over asks when nobody wants it done any more."""
    return taken_over(order).model_copy(update={"only_if_known": True})


@pytest.fixture
def ledger(empty_postgres_url: str) -> Iterator[Ledger]:
    opened = Ledger(open_store(Path("unused"), empty_postgres_url))
    yield opened
    opened.close()


@pytest.fixture
def first(bench: Bench, empty_postgres_url: str) -> Bench:
    bench.environment["VIGIL_DATABASE_URL"] = empty_postgres_url
    return bench


class Second:
    """Another runner's hands on the target of the first."""

    def __init__(self, first: Bench, state: Path, ledger: Ledger) -> None:
        state.mkdir(mode=0o700)
        switch = switch_at(first.state / "switch.json")
        self._runs = Runs(first.catalogue, sandboxes_in(state), ledger, analyse, switch, SOON_S)

    async def run(self, order: RunOrder) -> ActionResult:
        return await self._runs.run(order, Listener(line=lambda _: None, call=lambda _: None))


@pytest.fixture
def second(first: Bench, tmp_path: Path, ledger: Ledger) -> Second:
    return Second(first, tmp_path / "second", ledger)


async def test_a_run_that_ended_elsewhere_is_answered_from_the_record(
    first: Bench, second: Second
) -> None:
    first.start()
    order = first.order(first.to("one"), lease=held(1))
    result = await first.run(order)
    first.kill()
    assert await second.run(taken_over(order)) == result
    assert first.logged_switches() == ["one"]


async def test_frozen_between_two_effects_and_continued_it_does_nothing_more(
    first: Bench, second: Second, ledger: Ledger
) -> None:
    starts = first.supervised.starts("web-1")
    first.start()
    order = first.order(f"{first.to('one')}\nsleep 0.5\n{RESTART}", lease=held(1))
    running = asyncio.create_task(first.run(order))
    await until(lambda: any(effect.outcome for effect in ledger.effects_of(order.run_key)))
    with first.frozen():
        result = await second.run(taken_over(order))
        assert result.status is ActionStatus.SUCCEEDED
        assert [call.repeated for call in result.calls] == [True, False]
    late = await running
    assert [call.repeated or not call.allowed for call in late.calls] == [False, True]
    assert first.supervised.starts("web-1") == starts + 1
    assert first.logged_switches() == ["one"]
    assert await second.run(taken_over(order)) == result, "what the late one says is no end"


async def test_what_another_runner_is_at_is_waited_for(
    first: Bench, second: Second, ledger: Ledger
) -> None:
    order = first.order(RESTART, lease=held(1))
    key = begun(first, ledger, order)
    starts = first.supervised.starts("web-1")

    async def end_it() -> None:
        await asyncio.sleep(SOON_S / 2)
        ledger.end_effect(key, Outcome(ok=True, text="restarted by the first"))

    result, _ = await asyncio.gather(second.run(taken_over(order)), end_it())
    assert [(c.repeated, c.result) for c in result.calls] == [(True, "restarted by the first")]
    assert first.supervised.starts("web-1") == starts


async def test_what_another_runner_left_is_done_once_its_time_is_over(
    first: Bench, second: Second, ledger: Ledger
) -> None:
    order = first.order(RESTART, lease=held(1))
    begun(first, ledger, order)
    starts, asked = first.supervised.starts("web-1"), time.monotonic()
    result = await second.run(taken_over(order))
    assert time.monotonic() - asked > SOON_S
    assert result.status is ActionStatus.SUCCEEDED
    assert [call.repeated for call in result.calls] == [False]
    assert first.supervised.starts("web-1") == starts + 1


async def test_stopped_after_another_runner_began_it_is_not_said_that_nothing_was_done(
    first: Bench, second: Second, ledger: Ledger
) -> None:
    order = first.order(RESTART, lease=held(1))
    key = begun(first, ledger, order)
    ledger.end_effect(key, Outcome(ok=True, text="restarted by the first"))
    first.switch(stopped=True)
    result = await second.run(taken_over(order))
    assert result.status is ActionStatus.UNCERTAIN
    assert "had begun process.restart(restart)" in result.output


async def test_who_comes_late_is_refused_before_anything_is_run(
    first: Bench, second: Second, ledger: Ledger
) -> None:
    order = first.order(first.to("one"), lease=held(1))
    ledger.note(held(2).fences)
    with pytest.raises(LockHeld, match="token 1, and 2 has been seen"):
        await second.run(order)
    assert first.logged_switches() == []


async def test_called_off_while_the_first_is_frozen_before_its_call_none_is_made(
    first: Bench, second: Second
) -> None:
    first.start()
    order = first.order(f"sleep 0.51\n{first.to('one')}", lease=held(1))
    under_way = asyncio.create_task(first.run(order))
    await until(lambda: bool(running("sleep 0.51")))
    with first.frozen():
        answer = await second.run(called_off(order))
        assert answer.status is ActionStatus.NOT_BEGUN
    late = await under_way
    assert [call.allowed for call in late.calls] == [False]
    assert "token 1, and 2 has been seen" in late.calls[0].result
    assert first.logged_switches() == []
    assert await first.run(order) == answer


async def test_an_order_that_is_late_finds_that_it_was_called_off(
    first: Bench, second: Second
) -> None:
    order = first.order(first.to("one"), lease=held(1))
    answer = await second.run(called_off(order))
    first.start()
    assert await first.run(order) == answer
    assert first.current == "two"


class Overtaken(Ledger):
    """Somebody takes over while what became of a run is being found out."""

    def end_run(self, order: RunOrder, result: ActionResult) -> bool:
        self.note(held(3).fences)
        return super().end_run(order, result)


async def test_whoever_is_overtaken_cannot_say_that_nothing_will_be_begun(
    first: Bench, tmp_path: Path, empty_postgres_url: str
) -> None:
    order = first.order(first.to("one"), lease=held(1))
    with closing(Overtaken(open_store(Path("unused"), empty_postgres_url))) as ledger:
        second = Second(first, tmp_path / "second", ledger)
        with pytest.raises(LockHeld, match="somebody else goes on"):
            await second.run(called_off(order))


class StandsStill(Ledger):
    """A runner that is frozen right after it has put on record that it begins."""

    def begin_effect(
        self,
        key: str,
        call: Call,
        before: dict[str, JsonValue],
        fences: Sequence[Fence],
        rate: Rate | None = None,
    ) -> bool:
        begun = super().begin_effect(key, call, before, fences, rate)
        time.sleep(2.6)
        return begun


def test_frozen_between_the_record_and_the_target_it_is_too_late(
    first: Bench, empty_postgres_url: str
) -> None:
    """Whoever takes over has waited as long as an effect may take, and has done it himself."""
    ledger = StandsStill(open_store(Path("unused"), empty_postgres_url))
    order = first.order(first.to("one"), lease=held(1, seconds=8.0))
    verified = checked(order, first.catalogue, analyse)
    calls = CallLog(verified, ledger, lambda _: None)
    broker = Broker(verified, ledger, switch_at(first.state / "switch.json"), calls)
    call = verified.effects.calls[0]
    ask = {"verb": call.verb, "grant": call.grant, "arguments": list(call.arguments)}
    reply = broker.answer(json.dumps(ask).encode())
    assert "uncertain: this runner was held up" in reply.text
    assert calls.open_ended == {f"{order.run_key}:0"}
    assert first.current == "two"
    ledger.close()


def begun(bench: Bench, ledger: Ledger, order: RunOrder) -> str:
    """The ledger as the first runner has it in the middle of a restart; gives the key."""
    before = Supervisor(str(bench.supervised.socket)).info("web-1").model_dump(mode="json")
    key = f"{order.run_key}:0"
    ledger.begin_run(order, order.plan.digest)
    call = order.plan.actions[0].effects.calls[0]
    assert ledger.begin_effect(key, call, before, order.lease.fences)
    return key
