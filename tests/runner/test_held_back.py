"""What hub and runner say to each other may be held back on its way: then it is old, and no go."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from tests.runner.bench import lease_of, until
from tests.runner.far import NAME
from tests.runner.test_hub import as_runner, heard, ignore, listening, order, sandbox
from tests.runner.test_hub import me as this_runner
from tests.runner.test_signed import connection, frame

from vigil.domain.errors import PortUnavailable
from vigil.domain.remote import RunnerBeat
from vigil.domain.switch import SwitchState
from vigil.link.addresses import Address
from vigil.runner.remote import beats, words
from vigil.runner.remote import connection as connections
from vigil.runner.remote.beats import Beats
from vigil.runner.remote.link import Link
from vigil.runner.remote.words import FRESH_S, Words

GOES = SwitchState(stopped=False)
KILLS = SwitchState(stopped=True, now=True, text="stop")


class Clock:
    """Seconds since the machine was started, as the test says."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for module in (beats, words, connections):
        monkeypatch.setattr(module, "boot_s", made)
    return made


# --- numbers ---------------------------------------------------------------------------------


def test_a_number_is_dated_when_it_was_taken_and_the_hello_is_number_0(clock: Clock) -> None:
    said = Beats()
    clock.now += 1
    assert (said.next(), said.said_at(0), said.said_at(1)) == (1, 1000.0, 1001.0)


def test_a_number_that_was_never_said_or_is_long_gone_has_no_date(clock: Clock) -> None:
    said = Beats()
    numbers = [said.next() for _ in range(300)]
    clock.now += 1
    assert said.said_at(numbers[-1]) == 1000.0
    assert said.said_at(numbers[-1] + 1) is None
    assert said.said_at(1) is None


# --- what the hub says of its switch -----------------------------------------------------------


def test_a_go_is_as_old_as_the_beat_that_it_repeats(clock: Clock) -> None:
    said = Words(lambda: GOES)
    said.heard("hub", GOES, clock.now - FRESH_S + 1)
    assert not said.read().stopped
    said.heard("hub", GOES, clock.now - FRESH_S - 1)
    assert said.read().stopped, "it has only just come, and is old"
    said.heard("hub", GOES, None)
    assert said.read().stopped


@pytest.mark.parametrize("after", [None, 0.0])
def test_a_stop_counts_however_late_it_comes(clock: Clock, after: float | None) -> None:
    said = Words(lambda: GOES)
    said.heard("hub", GOES, clock.now)
    said.heard("hub", KILLS, after)
    assert said.read().kills


class Relay:
    """Between a runner and its hub: passes on what the hub says, as late as it likes."""

    def __init__(self, hub: Address) -> None:
        self._hub = hub
        self.late_s = 0.0
        self.held_back = 0
        """Pieces that it passed on late."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_hub, to_hub = await asyncio.open_connection(*self._hub)
        with contextlib.suppress(OSError):
            await asyncio.gather(self._up(reader, to_hub), self._down(from_hub, writer))

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65_536):
            writer.write(piece)
        writer.close()

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        held: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def pass_on() -> None:
            while True:
                at, piece = await held.get()
                late = at - loop.time()
                await asyncio.sleep(max(late, 0))
                writer.write(piece)
                self.held_back += late > 0

        passing = asyncio.create_task(pass_on())
        while piece := await reader.read(65_536):
            held.put_nowait((loop.time() + self.late_s, piece))
        passing.cancel()
        writer.close()


@contextlib.asynccontextmanager
async def relayed(hub: Address, said: Words) -> AsyncIterator[Relay]:
    """A runner that reaches its hub through somebody else, and is never asked for anything."""
    relay = Relay(hub)
    server = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
    address = Address("127.0.0.1", server.sockets[0].getsockname()[1])
    link = Link(address, this_runner(), None, said)  # type: ignore[arg-type] # nobody asks it
    keeping = asyncio.create_task(link.keep())
    async with server:
        yield relay
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def test_words_that_are_held_back_on_their_way_do_not_keep_a_runner_going() -> None:
    said = Words(lambda: GOES, fresh_s=2.0)
    async with listening() as hub, relayed(hub.address, said) as relay:
        await until(lambda: not said.read().stopped)
        relay.late_s = 3.0
        await until(lambda: relay.held_back >= 3)
        assert said.read().stopped
        assert hub.runner(NAME) is not None, "the connection lives"


# --- orders ------------------------------------------------------------------------------------


def test_an_order_from_before_the_last_beats_is_asked_for_again(clock: Clock) -> None:
    here = connection()
    number = here.beats.next()
    clock.now += FRESH_S + 0.1
    with pytest.raises(PortUnavailable, match="comes late"):
        here.opened(frame(here, heard=number))
    with pytest.raises(PortUnavailable, match="comes late"):
        here.opened(frame(here, 2, heard=number + 1))
    assert here.opened(frame(here, 3, heard=here.beats.next())).run_key == "run-1"


def test_a_lease_is_counted_from_the_beat_that_its_order_repeats(clock: Clock) -> None:
    here = connection()
    number = here.beats.next()
    clock.now += 4
    assert here.opened(frame(here, heard=number)).lease.seconds == pytest.approx(56, abs=0.5)


def test_what_the_hub_let_go_by_before_the_order_is_not_left_of_the_lease(clock: Clock) -> None:
    """By the hub's own clock, also where this machine's is slow by just as much."""
    here = connection()
    lease = lease_of(60).model_copy(update={"until": datetime.now(UTC) + timedelta(seconds=40)})
    assert here.opened(frame(here, lease=lease)).lease.seconds == pytest.approx(40, abs=0.5)
    assert clock.now == Clock.now


async def test_the_hub_repeats_the_last_beat_in_its_words_and_orders() -> None:
    async with listening() as hub, as_runner(hub) as lines:
        await heard(lines, '"heard":0')
        await lines.send(RunnerBeat(number=7, switch=GOES).model_dump_json())
        await heard(lines, '"heard":7')
        asked = asyncio.create_task(sandbox(hub).run(order(), ignore))
        _, line = await heard(lines, '"frame":"order"')
        assert r"\"heard\":7" in line
        asked.cancel()
