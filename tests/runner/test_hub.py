"""Strangers and hostile peers at either end of the connection: refused, bounded, and named."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from cryptography.x509 import Certificate
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from structlog.testing import capture_logs
from tests.runner.bench import until
from tests.runner.far import NAME, new_identity
from tests.runner.test_signed import plan

from vigil.domain.errors import PermanentError, PortUnavailable
from vigil.domain.remote import (
    HUB_FRAME,
    MAX_FRAME_BYTES,
    RUNNER_FRAME,
    Answer,
    Hello,
    HubBeat,
    RunnerBeat,
    Welcome,
)
from vigil.domain.run import Fence, Lease, RunOrder
from vigil.domain.switch import SwitchState
from vigil.domain.wire import OutputEvent
from vigil.integrations.sandbox import connected as connected_module
from vigil.integrations.sandbox import hub as hub_module
from vigil.integrations.sandbox.hub import Hub
from vigil.integrations.sandbox.remote import RemoteSandbox
from vigil.link import lines as lines_module
from vigil.link import tls
from vigil.link.addresses import Address
from vigil.link.identity import Identity
from vigil.link.lines import Gone, Lines
from vigil.link.tls import hub_side, runner_side
from vigil.runner.remote.link import Me, opened

HUB, RUNNER, STRANGER = (new_identity() for _ in range(3))
SESSION = "0" * 64
GOES = SwitchState(stopped=False)


@contextlib.asynccontextmanager
async def listening(says: Callable[[], SwitchState] = lambda: GOES) -> AsyncIterator[Hub]:
    """A hub at an address of its own; ``hub.at`` says which one."""
    with hub_module._listening(Address("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    made = Hub(Address("127.0.0.1", port), HUB, {NAME: RUNNER.public}, says)
    serving = asyncio.create_task(made.listen_forever())
    try:
        await until(lambda: made.listens)
        yield made
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


def me(identity: Identity = RUNNER, hub: Identity = HUB) -> Me:
    return Me(NAME, identity, hub.public)


async def hello(lines: Lines, name: str = NAME) -> None:
    await lines.send(Hello(runner=name, session=SESSION).model_dump_json())


@contextlib.asynccontextmanager
async def as_runner(hub: Hub) -> AsyncIterator[Lines]:
    """The connection of a runner that has said who it is, and nothing more."""
    async with opened(hub.address, me()) as lines:
        await hello(lines)
        await until(lambda: hub.runner(NAME) is not None)
        yield lines


def signed_for(shown: Identity, by: Identity) -> Certificate:
    """That a key is the one of who signs, although it is another one."""
    public = shown.private.public_key()
    return tls._certificate(by, by.public, "vigil", public, anchor=False)


def order() -> RunOrder:
    judged = plan()
    until_then = datetime.now(UTC) + timedelta(seconds=60)
    return RunOrder(
        run_key="run-1",
        plan=judged,
        approved_digest=judged.digest,
        action="a1",
        lease=Lease(fences=(), until=until_then, seconds=60.0),
    )


def sandbox(hub: Hub) -> RemoteSandbox:
    return RemoteSandbox(NAME, RUNNER.public, hub, HUB.public)


async def ignore(_: str) -> None:
    pass


# --- strangers at the hub ------------------------------------------------------------------------


async def test_another_key_is_refused_and_named_in_health() -> None:
    async with listening() as hub:
        with pytest.raises(Gone, match="in its vigil"):
            async with opened(hub.address, me(STRANGER)):
                pass
        health = await hub.health()
        assert not health.ok
        assert not health.vital
        assert "127.0.0.1: it showed another key" in health.text
        assert health.remedy is not None
        assert "vigil keys" in health.remedy


async def test_one_address_is_told_of_once_a_minute() -> None:
    with capture_logs() as logs:
        async with listening() as hub:
            for _ in range(3):
                with pytest.raises(Gone):
                    async with opened(hub.address, me(STRANGER)):
                        pass
    assert [entry["address"] for entry in logs if entry["event"] == "a peer was refused"] == [
        "127.0.0.1"
    ]


async def test_an_address_that_another_one_has_is_told_and_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub_module, "AGAIN_S", 0.05)
    taken = hub_module._listening(Address("127.0.0.1", 0))
    hub = Hub(Address(*taken.getsockname()), HUB, {NAME: RUNNER.public}, lambda: GOES)
    serving = asyncio.create_task(hub.listen_forever())
    await until(lambda: "in use" in str(hub.trouble))
    assert "VIGIL_RUNNER_LISTEN" in str((await hub.health()).remedy)
    taken.close()
    await until(lambda: hub.listens)
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


async def test_a_key_that_a_runner_has_signed_is_not_that_runner() -> None:
    """An anchor may sign, so OpenSSL lets it in: what counts is the key that was shown."""
    context = runner_side(RUNNER, HUB.public)
    tls._show(context, signed_for(STRANGER, RUNNER), STRANGER)
    async with listening() as hub:
        reader, writer = await asyncio.open_connection(
            *hub.address, ssl=context, server_hostname=""
        )
        lines = Lines(reader, writer)
        await lines.receive(5)
        await hello(lines)
        await ended(lines)
        await lines.close()
        assert "has another runner's key" in (hub.refused_at("127.0.0.1") or "")


async def test_a_runner_under_another_name_is_refused() -> None:
    async with listening() as hub:
        async with opened(hub.address, me()) as lines:
            await hello(lines, "edge-2")
            await ended(lines)
        assert "'edge-2' and has another runner's key" in (await hub.health()).text


@pytest.mark.parametrize("first", [b"GET / HTTP/1.1\r\n\r\n", b"\0" * 5000, b"\x16\x03\x01\xff"])
async def test_garbage_instead_of_a_handshake_is_refused(first: bytes) -> None:
    async with listening() as hub:
        reader, writer = await asyncio.open_connection(*hub.address)
        writer.write(first)
        with contextlib.suppress(ConnectionError):
            writer.write_eof()
            await asyncio.wait_for(reader.read(), 5)
        writer.close()
        await until(lambda: hub.refused_at("127.0.0.1") is not None)
        assert hub.runner(NAME) is None


async def test_older_tls_and_no_certificate_are_refused() -> None:
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    async with listening() as hub:
        reader, writer = await asyncio.open_connection(*hub.address, ssl=trusting)
        with contextlib.suppress(OSError):
            assert await asyncio.wait_for(reader.read(), 5) == b"", "not even a welcome"
        writer.close()
        older = runner_side(RUNNER, HUB.public)
        older.minimum_version = older.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(OSError):  # noqa: PT011 - whichever way it is refused
            await asyncio.open_connection(*hub.address, ssl=older, server_hostname="")


async def test_whoever_says_nothing_is_let_go_and_is_one_of_few(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub_module, "HANDSHAKE_S", 2.0)
    async with listening() as hub:
        with capture_logs() as logs:
            silent = [await asyncio.open_connection(*hub.address) for _ in range(9)]
            ends = [asyncio.create_task(reader.read()) for reader, _ in silent]
            assert all([await end == b"" for end in ends]), "nobody is told anything"
        (told,) = (entry for entry in logs if entry["event"] == "a peer was refused")
        assert "too many connections at once" in told["why"], "those beyond the few, at once"
        assert "longer than 2 s" in (hub.refused_at("127.0.0.1") or ""), "the few, in the end"
        for _, writer in silent:
            writer.close()
        monkeypatch.undo()
        async with as_runner(hub):
            assert (await hub.health()).ok is False, "and it is told who it was"


# --- a runner that was taken over ----------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "garbage",
        "[" * 100_000,
        '{"frame": "order"}',
        '{"frame": "beat", "switch": {"stopped": false}, "more": 1}',
        "x" * (MAX_FRAME_BYTES * 2 + 10),
        Hello(runner=NAME, session=SESSION).model_dump_json(),
    ],
    ids=["garbage", "deep", "a-hubs-word", "unknown-field", "huge", "twice"],
)
async def test_what_is_no_word_of_a_runner_ends_the_connection(line: str) -> None:
    async with listening() as hub, as_runner(hub) as lines:
        with contextlib.suppress(Gone):
            await lines.send(line)
        await until(lambda: hub.runner(NAME) is None)


async def test_a_silent_runner_is_not_there_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connected_module, "SILENT_S", 0.3)
    async with listening() as hub, as_runner(hub):
        await until(lambda: hub.runner(NAME) is None)


async def test_a_runner_that_takes_nothing_any_more_is_let_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lines_module, "WRITE_S", 0.4)
    long = order().model_copy(update={"plan": plan("# " + "x" * 900_000)})
    async with listening() as hub, as_runner(hub):
        asking = [asyncio.create_task(sandbox(hub).run(long, ignore)) for _ in range(20)]
        await until(lambda: hub.runner(NAME) is None)
        found = await asyncio.gather(*asking, return_exceptions=True)
        assert {type(each) for each in found} == {PortUnavailable}


async def test_a_flood_of_output_and_of_answers_to_nobody_costs_little() -> None:
    """Answers that nobody asked for are dropped, a flood is read slowly, and an end has room."""
    async with listening() as hub, as_runner(hub) as lines:
        asked = asyncio.create_task(sandbox(hub).run(order(), ignore))
        await heard(lines, '"frame":"order"')
        for number in (1, 2, 99):
            line = Answer(id=number, event=OutputEvent(line="x")).model_dump_json()
            for _ in range(2500):
                await lines.send(line)
        await lines.send(
            '{"frame":"answer","id":1,"event":{"event":"refused","error":"LockHeld","text":"no"}}'
        )
        with pytest.raises(Exception, match="no"):
            await asyncio.wait_for(asked, 30)


async def test_an_end_that_is_not_signed_is_not_used() -> None:
    async with listening() as hub, as_runner(hub) as lines:
        asked = asyncio.create_task(sandbox(hub).run(order(), ignore))
        await heard(lines, '"frame":"order"')
        result = '{"action":"a1","status":"succeeded","exit_code":0,"seconds":1.0}'
        await lines.send(
            f'{{"frame":"answer","id":1,"event":{{"event":"finished","result":{result}}}}}'
        )
        with pytest.raises(Exception, match="is not used"):
            await asyncio.wait_for(asked, 10)


async def test_whoever_waits_is_told_when_the_connection_is_lost() -> None:
    async with listening() as hub:
        async with as_runner(hub) as lines:
            asked = asyncio.create_task(sandbox(hub).run(order(), ignore))
            await heard(lines, '"frame":"order"')
        with pytest.raises(PortUnavailable, match="same run key"):
            await asyncio.wait_for(asked, 10)
        await until(lambda: hub.runner(NAME) is None)
        with pytest.raises(PortUnavailable, match="not connected"):
            await sandbox(hub).run(order(), ignore)


async def test_a_runner_that_connects_anew_takes_its_own_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub_module, "LIVES_S", 0.3)
    async with listening() as hub, as_runner(hub) as former:
        first = hub.runner(NAME)
        async with opened(hub.address, me()) as lines:
            await hello(lines)
            await until(lambda: hub.runner(NAME) not in {first, None})
            await ended(former)
            await lines.send(RunnerBeat(number=1, switch=GOES).model_dump_json())
            assert hub.runner(NAME) is not None


async def beating(lines: Lines) -> None:
    """As a runner does that lives."""
    for number in count(1):
        await lines.send(RunnerBeat(number=number, switch=GOES).model_dump_json())
        await asyncio.sleep(0.05)


async def test_of_two_that_live_with_one_key_the_first_stays() -> None:
    """A state folder was copied, or a key was stolen: the other one would do it all once more."""
    async with listening() as hub, as_runner(hub) as first:
        living = asyncio.create_task(beating(first))
        before = hub.runner(NAME)
        async with opened(hub.address, me()) as second, opened(hub.address, me()) as third:
            await hello(second)
            await until(lambda: NAME in hub._coming)
            await hello(third)
            await ended(third)
            await ended(second)
        assert hub.runner(NAME) is before
        health = await hub.health()
        assert not health.ok
        assert "is connected and lives" in health.text
        living.cancel()
    assert not hub._coming


async def test_one_that_begins_anew_gets_in_at_once() -> None:
    """The system closes the connection of a process that was killed."""
    async with listening() as hub:
        for _ in range(3):
            async with as_runner(hub) as lines:
                await heard(lines, '"frame":"beat"')
        assert (await hub.health()).ok


async def test_the_switch_is_said_at_once_and_again_before_each_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # What is heard below comes because it is new, not because it is time for another beat.
    monkeypatch.setattr(connected_module, "BEAT_S", 60.0)
    says = GOES
    async with listening(lambda: says) as hub, as_runner(hub) as lines:
        await heard(lines, '"stopped":false')
        says = SwitchState(stopped=True, now=True)
        await heard(lines, '"stopped":true')
        asked = asyncio.create_task(sandbox(hub).run(order(), ignore))
        before, frame = await heard(lines, '"frame":"order"')
        assert '"stopped":true' in before
        assert frame.count('"signature"') == 1
        asked.cancel()


async def ended(lines: Lines) -> None:
    """Until the other side has let go of it."""
    with pytest.raises(Gone):
        await heard(lines, "what nobody says")


async def heard(lines: Lines, words: str) -> tuple[str, str]:
    """The first line with these words, and the one before it."""
    before = ""
    async with asyncio.timeout(10):
        while True:
            line = (await lines.receive(10)).decode()
            if words in line:
                return before, line
            before = line


# --- a hub that is none, at the runner ------------------------------------------------------------


@contextlib.asynccontextmanager
async def hostile(
    identity: Identity, *said: bytes, signed_by: Identity | None = None
) -> AsyncIterator[Address]:
    """Who listens where the hub should, shows this key and says this."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for each in said:
            writer.write(each)
        with contextlib.suppress(OSError):
            await writer.drain()
            await reader.read()
        writer.close()

    context = hub_side(identity, [RUNNER.public])
    if signed_by is not None:
        tls._show(context, signed_for(identity, signed_by), identity)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield Address("127.0.0.1", server.sockets[0].getsockname()[1])


async def test_a_hub_with_another_key_is_told_nothing() -> None:
    async with hostile(STRANGER, Welcome().model_dump_json().encode() + b"\n") as there:
        with pytest.raises(Gone, match="another key"):
            async with opened(there, me()):
                pass


async def test_a_key_that_the_hub_has_signed_is_not_the_hub() -> None:
    welcome = Welcome().model_dump_json().encode() + b"\n"
    async with hostile(STRANGER, welcome, signed_by=HUB) as there:
        with pytest.raises(Gone, match="not the hub's own"):
            async with opened(there, me()):
                pass


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"garbage\n", "language"),
        (b"x" * (MAX_FRAME_BYTES * 2 + 10), "longer than any"),
        (HubBeat(switch=GOES, heard=0).model_dump_json().encode() + b"\n", "welcome"),
        (b"{}\n", "language"),
    ],
)
async def test_what_is_no_welcome_is_none(said: bytes, why: str) -> None:
    async with hostile(HUB, said) as there:
        with pytest.raises(Gone, match=why):
            async with opened(there, me()):
                pass


async def test_an_order_that_no_runner_would_take_is_not_sent() -> None:
    long = order().model_copy(update={"plan": plan("# " + "x" * MAX_FRAME_BYTES)})
    many = tuple(Fence(resource=f"shop/{number:0100}", token=1) for number in range(1000))
    locked = order().lease.model_copy(update={"fences": many})
    async with listening() as hub, as_runner(hub):
        for wrong in (long, order().model_copy(update={"lease": locked})):
            with pytest.raises(PermanentError, match="no runner takes"):
                await sandbox(hub).run(wrong, ignore)
        assert hub.runner(NAME) is not None


@given(st.binary(max_size=200))
def test_any_bytes_are_a_word_or_are_refused(line: bytes) -> None:
    for language in (RUNNER_FRAME, HUB_FRAME):
        with contextlib.suppress(ValidationError):
            language.validate_json(line)


def test_what_a_runner_says_has_a_closed_form() -> None:
    with pytest.raises(ValueError, match="session"):
        RUNNER_FRAME.validate_json('{"frame":"hello","runner":"edge-1","session":"x"}')
