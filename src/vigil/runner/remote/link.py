"""The connection from this runner to one address of its hub, made again whenever it is lost."""

import asyncio
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from functools import partial
from secrets import SystemRandom
from typing import NamedTuple

import structlog
from pydantic import ValidationError

from vigil.domain.errors import PortUnavailable, VigilError
from vigil.domain.remote import (
    HUB_FRAME,
    MAX_FRAME_BYTES,
    Answer,
    DryRunFrame,
    HealthFrame,
    Hello,
    HubBeat,
    OrderFrame,
    RunnerBeat,
    RunnerFrame,
    Welcome,
)
from vigil.domain.wire import (
    DryRunRequest,
    FinishedEvent,
    HealthRequest,
    RefusedEvent,
    RunnerEvent,
    RunRequest,
)
from vigil.link.addresses import Address
from vigil.link.identity import Identity
from vigil.link.lines import Gone, Lines, refusal
from vigil.link.tls import key_shown, runner_side
from vigil.runner.remote.connection import Connection
from vigil.runner.remote.words import Words
from vigil.runner.server import Runner

CONNECT_S = 10.0
"""Until the hub has said its first word, all in all."""
BEAT_S = 1.0
SILENT_S = 10.0
"""A hub that says nothing for so long is not there any more."""
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 15.0
SOUND_S = 30.0
"""A connection that lasted so long was a good one: the next pause is the first one again."""
MAX_ANSWERING = 32
_chance = SystemRandom()
_log = structlog.get_logger("vigil.runner")


class Me(NamedTuple):
    """Who this runner is, and whose orders it takes."""

    name: str
    identity: Identity
    hub: str
    """The hub's public key."""


class Link:
    """Keeps one connection. What is under way goes on while there is none."""

    def __init__(self, address: Address, me: Me, runner: Runner, words: Words) -> None:
        self._address = address
        self._me = me
        self._runner = runner
        self._words = words

    async def keep(self) -> None:
        """Connect and connect again, after pauses that grow, until cancelled."""
        pause_s = FIRST_PAUSE_S
        while True:
            began = time.monotonic()
            try:
                async with opened(self._address, self._me) as lines:
                    await self._serve(lines)
            except Gone as gone:
                _log.warning("no connection to the hub", hub=str(self._address), why=str(gone))
            if time.monotonic() - began > SOUND_S:
                pause_s = FIRST_PAUSE_S
            # Not all at once, when a hub comes back that many runners wait for.
            await asyncio.sleep(_chance.uniform(pause_s / 2, pause_s))
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    async def _serve(self, lines: Lines) -> None:
        connection = Connection(self._me.name, self._me.identity, self._me.hub)
        await _say(lines, Hello(runner=self._me.name, session=connection.id))
        _log.info("connected to the hub", hub=str(self._address))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._beat(lines, connection))
                await self._listen(lines, connection, group)
        except* Gone as several:
            raise several.exceptions[0] from None

    async def _beat(self, lines: Lines, connection: Connection) -> None:
        while True:
            await self._say_switch(lines, connection)
            await asyncio.sleep(BEAT_S)

    async def _say_switch(self, lines: Lines, connection: Connection) -> None:
        here = self._words.here()
        await _say(lines, RunnerBeat(number=connection.beats.next(), switch=here))

    async def _listen(self, lines: Lines, connection: Connection, group: asyncio.TaskGroup) -> None:
        answering: set[asyncio.Task[None]] = set()
        while True:
            line = await lines.receive(SILENT_S)
            try:
                frame = HUB_FRAME.validate_json(line)
            except ValidationError as strange:
                raise Gone(_strange(strange)) from None
            match frame:
                case HubBeat():
                    after = connection.beats.said_at(frame.heard)
                    self._words.heard(str(self._address), frame.switch, after)
                case OrderFrame() | HealthFrame() | DryRunFrame():
                    if len(answering) >= MAX_ANSWERING:
                        raise Gone("it asks more at once than it may")
                    # Read here and now: orders are counted in the order in which they come.
                    events = self._events(connection, frame)
                    task = group.create_task(self._answer(lines, connection, frame, events))
                    answering.add(task)
                    task.add_done_callback(answering.discard)
                case Welcome():
                    raise Gone("it began anew")

    async def _answer(
        self,
        lines: Lines,
        connection: Connection,
        frame: OrderFrame | HealthFrame | DryRunFrame,
        events: AsyncGenerator[RunnerEvent],
    ) -> None:
        if isinstance(frame, HealthFrame):
            await self._say_switch(lines, connection)  # whoever asks is to know what it says now
        async with aclosing(events):
            async for event in _whatever_comes(events):
                said = event
                if isinstance(frame, OrderFrame) and isinstance(event, FinishedEvent):
                    # What ended before this runner had a key, or had another one, is signed now.
                    said = FinishedEvent(result=connection.attested(event.result, frame.order))
                await _say(lines, Answer(id=frame.id, event=said))

    def _events(
        self, connection: Connection, frame: OrderFrame | HealthFrame | DryRunFrame
    ) -> AsyncGenerator[RunnerEvent]:
        if isinstance(frame, HealthFrame):
            return self._runner.answer(HealthRequest(op="health"))
        if isinstance(frame, DryRunFrame):
            return self._runner.answer(DryRunRequest(op="dry_run", plan=frame.plan))
        try:
            order = connection.opened(frame)
        except VigilError as refused:
            _log.warning("an order was refused", hub=str(self._address), why=str(refused))
            return _alone(RefusedEvent(error=type(refused).__name__, text=str(refused)))
        request = RunRequest(op="run", order=order)
        return self._runner.answer(request, partial(connection.attested, order=frame.order))


@asynccontextmanager
async def opened(address: Address, me: Me) -> AsyncIterator[Lines]:
    """A connection whose other side has shown the hub's key and has let this runner in.

    :raises Gone: there is none.
    """
    lines: Lines | None = None
    try:
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(
                *address,
                ssl=runner_side(me.identity, me.hub),
                server_hostname="",
                limit=MAX_FRAME_BYTES,
            )
            lines = Lines(reader, writer)
            if key_shown(writer) != me.hub:
                raise Gone("it shows a key that the hub's key has signed, and not the hub's own")
            await _welcomed(lines)
        yield lines
    except TimeoutError:
        raise Gone(f"it said nothing within {CONNECT_S:g} s") from None
    except ssl.SSLError as refused:
        raise Gone(refusal(refused)) from None
    except OSError as lost:
        raise Gone(str(lost) or type(lost).__name__) from None
    finally:
        if lines is not None:
            await lines.close()


async def _welcomed(lines: Lines) -> None:
    """The hub says its first word to those only whose key it admits."""
    try:
        line = await lines.receive(CONNECT_S)
        frame = HUB_FRAME.validate_json(line)
    except Gone as gone:
        raise Gone(
            f"it has this hub's key, and no word for us ({gone}): is this runner's key in its "
            "vigil.yaml, under this name?"
        ) from None
    except ValidationError as strange:
        raise Gone(_strange(strange)) from None
    if not isinstance(frame, Welcome):
        raise Gone("it did not begin with a welcome")


async def _whatever_comes(events: AsyncGenerator[RunnerEvent]) -> AsyncGenerator[RunnerEvent]:
    """A run that meets what nobody thought of is no reason to lose the others."""
    try:
        async for event in events:
            yield event
    except Exception as error:  # noqa: BLE001 - it is logged whole, and the hub asks again
        _log.exception("a run met what nobody thought of")
        text = f"the runner could not answer ({type(error).__name__}); see its log, and ask again"
        yield RefusedEvent(error=PortUnavailable.__name__, text=text)


async def _alone(event: RunnerEvent) -> AsyncGenerator[RunnerEvent]:
    yield event


def _strange(mistakes: ValidationError) -> str:
    return (
        f"it does not speak the language of this version ({mistakes.error_count()} mistakes in one "
        "line)"
    )


async def _say(lines: Lines, frame: RunnerFrame) -> None:
    await lines.send(frame.model_dump_json())
