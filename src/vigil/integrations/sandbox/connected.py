"""One runner that is connected: what it is asked, and what it answers."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime
from itertools import count

from pydantic import ValidationError

from vigil.domain.errors import PermanentError, PortUnavailable
from vigil.domain.identity import canonical_json
from vigil.domain.plan import Plan
from vigil.domain.remote import (
    MAX_FRAME_BYTES,
    RUNNER_FRAME,
    Answer,
    DryRunFrame,
    HealthFrame,
    Hello,
    HubBeat,
    HubFrame,
    OrderFrame,
    OrderText,
    RunnerBeat,
)
from vigil.domain.run import RunOrder
from vigil.domain.signed import MAX_TEXT_CHARS, ORDER
from vigil.domain.switch import SwitchState
from vigil.domain.wire import (
    DryRunEvent,
    FinishedEvent,
    HealthEvent,
    RefusedEvent,
    RunnerEvent,
)
from vigil.integrations.sandbox.cleaning import cleaned, switch_said
from vigil.integrations.sandbox.flood import MAX_SAID_BYTES, Budget, wanted
from vigil.link.identity import Identity
from vigil.link.lines import Gone, Lines

LOOK_S = 0.2
"""How often the switch is looked at: what it says reaches the runner well within a second."""
BEAT_S = 1.0
SILENT_S = 10.0
"""A runner that says nothing for so long is not there any more."""
MAX_ASKED = 32
"""Questions that may wait for their answer at once."""
QUEUED_EVENTS = 1024
"""Of one answer. Who listens too slowly misses output, and never the end."""
_Events = asyncio.Queue[RunnerEvent | None]
_ENDS = (FinishedEvent, RefusedEvent, HealthEvent, DryRunEvent)


class Connected:
    """A connection whose other side has shown that it is this runner."""

    def __init__(
        self,
        hello: Hello,
        lines: Lines,
        me: Identity,
        switch: Callable[[], SwitchState],
    ) -> None:
        self.name = hello.runner
        self.since = datetime.now(UTC)
        self.switch: SwitchState | None = None
        """What the switch near the target said last."""
        self.heard_lines = 0
        """How many lines have come: it lives as long as they become more."""
        self._lines = lines
        self._session = hello.session
        self._me = me
        self._numbers = count(1)
        self._one_at_a_time = asyncio.Lock()
        self._waiting: dict[int, _Events] = {}
        self._heed = switch
        self._heard = 0
        self._over = False

    async def serve(self) -> None:
        """Say what the switch says and hear what the runner says, as long as it is there.

        :raises Gone: it is not any more; whoever waits for an answer is told.
        """
        beating = asyncio.create_task(self._beat())
        listening = asyncio.create_task(self._listen())
        try:
            await asyncio.wait({beating, listening}, return_when=asyncio.FIRST_COMPLETED)
            for task in (listening, beating):
                if task.done():
                    task.result()
        finally:
            for task in (beating, listening):
                task.cancel()
            await asyncio.gather(beating, listening, return_exceptions=True)
            self._over = True
            for events in self._waiting.values():
                _put(events, None)

    async def run(self, order: RunOrder) -> AsyncGenerator[RunnerEvent]:
        """Have an action run; ends without an end of the run when the connection is lost."""

        async def ask(number: int) -> None:
            text = self._text(order, number)
            frame = OrderFrame(id=number, order=self._me.signed(ORDER, text), plan=order.plan)
            # Nothing is begun on an old word: what the switch says now goes first.
            await self._send(self._word(self._heed()))
            await self._send(frame)

        async with contextlib.aclosing(self._answers(ask)) as events:
            async for event in events:
                yield event

    async def health(self) -> AsyncGenerator[RunnerEvent]:
        """Ask whether a safe sandbox can be made there."""
        async with contextlib.aclosing(
            self._answers(lambda number: self._send(HealthFrame(id=number)))
        ) as events:
            async for event in events:
                yield event

    async def dry_run(self, plan: Plan) -> AsyncGenerator[RunnerEvent]:
        """Ask what a plan would do there."""
        async with contextlib.aclosing(
            self._answers(lambda number: self._send(DryRunFrame(id=number, plan=plan)))
        ) as events:
            async for event in events:
                yield event

    async def _answers(self, ask: Callable[[int], Awaitable[None]]) -> AsyncGenerator[RunnerEvent]:
        if len(self._waiting) >= MAX_ASKED:
            raise PortUnavailable(f"the runner '{self.name}' is asked too much at once; ask again")
        if self._over:
            raise Gone("the connection was lost")
        events: _Events = asyncio.Queue(QUEUED_EVENTS)
        with contextlib.ExitStack() as asked:
            # Numbers have to reach the runner in their order, or it takes an order for a replay.
            async with self._one_at_a_time:
                number = next(self._numbers)
                self._waiting[number] = events
                asked.callback(self._waiting.pop, number, None)
                await ask(number)
            while (event := await events.get()) is not None:
                yield event
                if isinstance(event, _ENDS):
                    return

    def _text(self, order: RunOrder, number: int) -> str:
        text = OrderText(
            hub=self._me.public,
            runner=self.name,
            session=self._session,
            number=number,
            issued_at=datetime.now(UTC),
            run_key=order.run_key,
            approved_digest=order.approved_digest,
            action=order.action,
            lease=order.lease,
            only_if_known=order.only_if_known,
            heard=self._heard,
        )
        canonical = canonical_json(text.model_dump(mode="json"))
        if len(canonical) > MAX_TEXT_CHARS:
            raise PermanentError(
                f"the order has more locks than fit into {MAX_TEXT_CHARS} characters, which no "
                "runner takes: nothing was run; have the plan touch and prove less at once"
            )
        return canonical

    async def _send(self, frame: HubFrame) -> None:
        line = frame.model_dump_json()
        if len(line.encode()) >= MAX_FRAME_BYTES:
            raise PermanentError(
                f"the order is longer than {MAX_FRAME_BYTES} bytes, which no runner takes: nothing "
                "was run; make the plan's scripts shorter"
            )
        await self._lines.send(line)

    def _word(self, says: SwitchState) -> HubBeat:
        return HubBeat(switch=says, heard=self._heard)

    async def _beat(self) -> None:
        """What the switch says when it changes, after each beat of the runner, and every second."""
        said, at = None, 0.0
        while True:
            word = self._word(self._heed())
            if word != said or time.monotonic() - at >= BEAT_S:
                said, at = word, time.monotonic()
                await self._send(word)
            await asyncio.sleep(LOOK_S)

    async def _listen(self) -> None:
        budget = Budget()
        while True:
            line = await self._lines.receive(SILENT_S)
            self.heard_lines += 1
            await budget.spend(len(line))
            if not wanted(line, self._waiting):
                continue
            try:
                frame = RUNNER_FRAME.validate_json(line)
            except ValidationError as strange:
                raise Gone(
                    f"it does not speak the language of this version ({strange.error_count()} "
                    "mistakes in one line)"
                ) from None
            match frame:
                case RunnerBeat():
                    self.switch, self._heard = switch_said(frame.switch), frame.number
                case Answer():
                    self._hear(frame, len(line))
                case _:
                    raise Gone("it introduced itself twice")

    def _hear(self, answer: Answer, size: int) -> None:
        events = self._waiting.get(answer.id)
        is_end = isinstance(answer.event, _ENDS)
        if events is None or (size > MAX_SAID_BYTES and not is_end):
            return
        if is_end:  # once: nothing that comes after it is kept
            del self._waiting[answer.id]
        _put(events, cleaned(answer.event))


def _put(events: _Events, event: RunnerEvent | None) -> None:
    """An end always has room, at the cost of output."""
    is_end = event is None or isinstance(event, _ENDS)
    if events.full():
        if not is_end:
            return
        events.get_nowait()
    events.put_nowait(event)
