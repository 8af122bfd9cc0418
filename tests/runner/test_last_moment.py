"""Held up right before an effect: whoever was away too long leaves it, as another one may act."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.runner.bench import Bench, lease_of

from vigil.domain.effects import Call
from vigil.domain.run import RunOrder
from vigil.guard import analyse
from vigil.runner.broker import Broker, Reply, Status
from vigil.runner.call_log import CallLog
from vigil.runner.ledger import Ledger
from vigil.runner.orders import checked
from vigil.runner.server import LEDGER
from vigil.runner.store import in_file
from vigil.runner.switch import switch_at
from vigil.runner.verbs import operation, release_switch
from vigil.runner.verbs.base import LEAST_EFFECT_S, Deadline, Operation, Unfinished

LEASE_S = 8.0
"""Three seconds of it are for effects, and with less than two a call is not begun."""


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger(in_file(tmp_path / LEDGER))
    yield opened
    opened.close()


Reading = Callable[[Path], None]


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Callable[[Reading], None]:
    """Something happens each time that a whole release is read, which may take long."""

    def set_up(happens: Reading) -> None:
        read = release_switch.release_digest

        def slowly(folder: Path) -> str:
            happens(folder)
            return read(folder)

        monkeypatch.setattr(release_switch, "release_digest", slowly)

    return set_up


def bound(bench: Bench, verb: str, grant: str, argument: str) -> Operation:
    call = Call(verb=verb, grant=grant, arguments=(argument,))
    return operation("shop", bench.catalogue.services["shop"], call, "key")


def switching(bench: Bench) -> Operation:
    return bound(bench, "release.switch", "release", bench.digests["one"])


def ask(bench: Bench, ledger: Ledger, order: RunOrder) -> Reply:
    """Make the one call of this order."""
    verified = checked(order, bench.catalogue, analyse)
    calls = CallLog(verified, ledger, lambda _: None)
    broker = Broker(verified, ledger, switch_at(bench.state / "switch.json"), calls)
    return broker.answer(verified.effects.calls[0].model_dump_json().encode())


def test_a_switch_that_was_held_up_while_it_read_is_not_made(
    bench: Bench, reading: Callable[[Reading], None]
) -> None:
    call = switching(bench)
    before = call.look()
    reading(lambda _: time.sleep(0.3))
    with pytest.raises(Unfinished, match="held up"):
        call.do(before, Deadline.within(LEAST_EFFECT_S + 0.5))
    assert bench.current == "two"
    assert bench.logged_switches() == []
    left = {path.name for path in bench.folder.iterdir()}
    assert not any(name.startswith(".current") for name in left), "nothing half-made stays"


def test_a_switch_reads_what_it_switches_to_and_no_other_release_that_is_there(
    bench: Bench, reading: Callable[[Reading], None]
) -> None:
    for number in range(5):
        (bench.releases / f"0-before-{number}").mkdir()
    call = switching(bench)
    before = call.look()
    read: list[str] = []
    reading(lambda folder: read.append(folder.name))
    assert call.do(before, Deadline.within(10)).ok
    assert read == ["one", "two"], "the other one is named in the release log"


def test_a_release_that_was_moved_since_it_was_looked_at_is_still_found(bench: Bench) -> None:
    call = switching(bench)
    before = call.look()
    (bench.releases / "one").rename(bench.releases / "moved")
    assert call.do(before, Deadline.within(10)).ok
    assert bench.current == "moved"


def test_a_restart_that_was_held_up_is_not_made(bench: Bench) -> None:
    starts = bench.supervised.starts("web-1")
    call = bound(bench, "process.restart", "restart", "web-1")
    before = call.look()
    with pytest.raises(Unfinished, match="held up"):
        call.do(before, Deadline.within(LEAST_EFFECT_S - 0.1))
    assert call.look()["pid"] == before["pid"]
    assert bench.supervised.starts("web-1") == starts


def test_a_lease_that_ends_while_the_target_is_looked_at_begins_nothing(
    bench: Bench, ledger: Ledger, reading: Callable[[Reading], None]
) -> None:
    order = bench.order(bench.to("one"), lease=lease_of(LEASE_S, "shop/release:release"))
    reading(lambda _: time.sleep(1.2))
    reply = ask(bench, ledger, order)
    assert reply.status is Status.REFUSED
    assert "too soon" in reply.text
    assert ledger.effects_of(order.run_key) == ()
    assert bench.current == "two"


def test_a_stop_while_the_target_is_looked_at_begins_nothing(
    bench: Bench, ledger: Ledger, reading: Callable[[Reading], None]
) -> None:
    order = bench.order(bench.to("one"))
    reading(lambda _: bench.switch(stopped=True))
    reply = ask(bench, ledger, order)
    assert (reply.status, "stop switch" in reply.text) == (Status.REFUSED, True)
    assert ledger.effects_of(order.run_key) == ()
    assert bench.current == "two"
