"""The record on SQLite or PostgreSQL: each call is one transaction, in a thread of its own."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, Engine

from vigil.domain.alert import Delivery
from vigil.domain.incident import Incident, Stage
from vigil.domain.news import News
from vigil.domain.timeline import Checkpoint, Event, Head
from vigil.domain.value import Instant
from vigil.domain.verdict import Approval, Cancellation
from vigil.integrations._clients.database import read, write
from vigil.integrations.journal import (
    chain,
    checkpoints,
    counting,
    decisions,
    inbox,
    moves,
    outbox,
    receiving,
    rows,
)
from vigil.integrations.journal.keys import Keys
from vigil.integrations.journal.news import with_news
from vigil.ports.journal import (
    Arrival,
    Decided,
    Full,
    Letter,
    Line,
    Load,
    NextSegment,
    Note,
    StageOutput,
    TakenIn,
)

Result = TypeVar("Result")


class SqlJournal:
    """Fulfils ``ports.journal.Journal``; every promise rests on one transaction a call.

    A caller that is cancelled may find later that its call was done: a transaction under way is
    not torn apart. ``announce`` is told, in any thread, of each incident that was changed.
    """

    def __init__(
        self,
        engine: Engine,
        keys: Keys,
        announce: Callable[[Sequence[News]], None] = lambda _: None,
    ) -> None:
        self._engine = engine
        self._keys = keys
        self._announce = announce
        self._at_the_door = ThreadPoolExecutor(1, "vigil-inbox")

    async def _write(self, work: Callable[[Connection], Result]) -> Result:
        return await asyncio.to_thread(self._write_and_tell, work)

    def _write_and_tell(self, work: Callable[[Connection], Result]) -> Result:
        """In the thread, as whoever asked for it may have been cancelled meanwhile."""
        result, news = write(self._engine, lambda c: with_news(c, work))
        if news:
            self._announce(news)
        return result

    async def _read(self, work: Callable[[Connection], Result]) -> Result:
        return await asyncio.to_thread(read, self._engine, work)

    async def write_down(
        self, deliveries: Sequence[Delivery], now: Instant
    ) -> tuple[int | Full, ...]:
        """Put deliveries into the inbox."""

        def work(connection: Connection) -> tuple[int | Full, ...]:
            return inbox.write_down(connection, self._keys, deliveries, now)

        # A thread of its own: whoever sent them must not wait for a crowd of incidents that write.
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._at_the_door, self._write_and_tell, work)

    async def inbox(self) -> tuple[Line, ...]:
        """How much lies there, by source."""
        return await self._read(inbox.lines)

    async def letters(self, source: str, limit: int) -> tuple[Letter, ...]:
        """The first of those of a source that wait."""
        return await self._read(lambda c: inbox.letters(c, self._keys, source, limit))

    async def receive(self, arrivals: Sequence[Arrival]) -> tuple[TakenIn, ...]:
        """Take letters in."""
        return await self._write(lambda c: receiving.receive(c, self._keys, arrivals))

    async def set_aside(self, number: int, why: str) -> None:
        """This letter waits no more."""
        await self._write(lambda c: inbox.set_aside(c, number, why))

    async def try_again(self, since: Instant) -> None:
        """What was set aside and came after this moment waits again."""
        await self._write(lambda c: inbox.try_again(c, since))

    async def incident(self, incident_id: str) -> Incident:
        """One incident; NotFound."""
        return await self._read(lambda c: rows.get_incident(c, incident_id))

    async def take_up(self, following: NextSegment, worker: str) -> Incident | None:
        """A run of a segment begins, or there is nothing for it to do."""
        return await self._write(lambda c: moves.take_up(c, following, worker))

    async def let_go(self, incident: Incident) -> None:
        """A run ends before its segment has."""
        await self._write(lambda c: moves.let_go(c, incident))

    async def forfeit(self, workers: Sequence[str]) -> None:
        """These workers run nothing any more."""
        await self._write(lambda c: moves.forfeit(c, workers))

    async def incidents(self, limit: int = 100, *, only_open: bool = False) -> tuple[Incident, ...]:
        """Newest first."""
        return await self._read(lambda c: rows.list_incidents(c, limit, only_open=only_open))

    async def output(
        self, incident_id: str, attempt: int, stage: Stage, name: str = "output"
    ) -> str | None:
        """JSON of what a stage gave, or None."""
        return await self._read(lambda c: moves.get_output(c, incident_id, attempt, stage, name))

    async def commit(
        self,
        *,
        incident: Incident,
        expected: tuple[Stage, int],
        now: Instant,
        outputs: Sequence[StageOutput] = (),
        notes: Sequence[Note] = (),
        following: NextSegment | None = None,
    ) -> bool:
        """Move an incident, or nothing at all."""

        def work(connection: Connection) -> bool:
            if not moves.move(connection, incident, expected, handed_over=following is not None):
                return False
            moves.record_execution(connection, incident, now)
            moves.put_outputs(connection, outputs)
            chain.append_events(connection, self._keys, incident.id, notes, now)
            if following is not None:
                outbox.put(connection, following, now)
            return True

        return await self._write(work)

    async def append(self, incident_id: str, notes: Sequence[Note], now: Instant) -> None:
        """Add events without moving the incident."""

        def work(connection: Connection) -> None:
            rows.get_incident(connection, incident_id, to_change=True)
            chain.append_events(connection, self._keys, incident_id, notes, now)

        await self._write(work)

    async def events(self, incident_id: str, after: int = 0) -> tuple[Event, ...]:
        """The timeline from a sequence number on, payloads opened where they are still there."""
        return await self._read(lambda c: chain.read_events(c, self._keys, incident_id, after))

    async def heads(self, limit: int) -> tuple[Head, ...]:
        """How far the timelines have come."""
        return await self._read(lambda c: rows.list_heads(c, limit))

    async def news(self, incident_id: str) -> News:
        """How far one incident has come; NotFound."""
        return await self._read(lambda c: rows.get_news(c, incident_id))

    async def said_to_be_over(self, incident_id: str) -> bool:
        """Whether the last that any source said of it is that it ended."""
        return await self._read(lambda c: rows.said_to_be_over(c, incident_id))

    async def answer(self, incident_id: str, approval: Approval) -> Decided:
        """A person's answer to the plan that waits, or Vigil's own."""
        return await self._write(lambda c: decisions.answer(c, self._keys, incident_id, approval))

    async def cancel(self, incident_id: str, cancellation: Cancellation) -> Decided:
        """A person takes the incident in hand."""
        return await self._write(
            lambda c: decisions.cancel(c, self._keys, incident_id, cancellation)
        )

    async def cancellation(self, incident_id: str) -> Cancellation | None:
        """Who took the incident in hand, if anybody did."""
        return await self._read(lambda c: decisions.get_cancellation(c, incident_id))

    async def overdue(self, now: Instant, limit: int) -> tuple[Incident, ...]:
        """Incidents whose plan nobody answered in time."""
        return await self._read(lambda c: rows.list_overdue(c, now, limit))

    async def approval(self, incident_id: str, plan_digest: str) -> Approval | None:
        """The answer that won, if there is one."""
        return await self._read(lambda c: rows.get_approval(c, incident_id, plan_digest))

    async def due(self, limit: int) -> tuple[NextSegment, ...]:
        """Segments written and not yet handed to the workflow engine."""
        return await self._read(lambda c: outbox.due(c, limit))

    async def mark(self, following: NextSegment) -> None:
        """This segment was handed over."""
        await self._write(lambda c: outbox.mark(c, following))

    async def wake(self, incident_id: str) -> bool:
        """What an incident waited for in the middle of acting is free."""
        return await self._write(lambda c: moves.wake(c, incident_id))

    async def due_again(self) -> None:
        """Have what is under way handed over once more: the workflow may have lost its history."""
        await self._write(outbox.due_again)

    async def load(self) -> Load:
        """How much there is to do now."""
        return await self._read(counting.load)

    async def executions_since(self, since: Instant) -> int:
        """How many plans were executed since then, for the breaker."""
        return await self._read(lambda c: moves.executions_since(c, since))

    async def checkpoint(self, now: Instant) -> Checkpoint | None:
        """Sign all heads; None when nothing is new since the last."""
        return await self._write(lambda c: checkpoints.make_checkpoint(c, self._keys, now))

    async def erase_payloads(self, incident_id: str, now: Instant) -> int:
        """Erase what happened and keep that it happened; says how many payloads went."""

        def work(connection: Connection) -> int:
            rows.get_incident(connection, incident_id, to_change=True)
            return chain.erase(connection, self._keys, incident_id, now)

        return await self._write(work)
