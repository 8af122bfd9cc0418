"""The record on SQLite or PostgreSQL: each call is one transaction, in a thread of its own."""

from collections.abc import Callable, Sequence
from functools import partial

from sqlalchemy import Connection, Engine

from vigil.domain.breaker import Reset
from vigil.domain.cost import Spent
from vigil.domain.executed import Executed
from vigil.domain.incident import Incident, Stage
from vigil.domain.news import News
from vigil.domain.recurrence import Recurrence
from vigil.domain.timeline import Checkpoint, Event, Head
from vigil.domain.value import Instant
from vigil.domain.verdict import Approval, Cancellation
from vigil.integrations.journal import (
    chain,
    checkpoints,
    commits,
    counting,
    decisions,
    executed,
    moves,
    outbox,
    recurrences,
    resets,
    rows,
    spending,
)
from vigil.integrations.journal.keys import Keys
from vigil.integrations.journal.on_record import OnRecord
from vigil.ports.journal import Decided, Load, NextSegment, Note, Proviso, StageOutput


class SqlJournal(OnRecord):
    """Fulfils ``ports.journal.Journal``; every promise rests on one transaction a call.

    ``switched`` tells a transaction what the stop switch says.
    """

    def __init__(
        self,
        engine: Engine,
        keys: Keys,
        announce: Callable[[Sequence[News]], None] = lambda _: None,
        switched: decisions.Switched = decisions.never_stopped,
    ) -> None:
        super().__init__(engine, keys, announce)
        self._switched = switched

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

    async def claimants(self) -> frozenset[str]:
        """The workers that have something taken up."""
        return await self._read(moves.claimants)

    async def incidents(self, limit: int = 100, *, only_open: bool = False) -> tuple[Incident, ...]:
        """Newest first."""
        return await self._read(lambda c: rows.list_incidents(c, limit, only_open=only_open))

    async def outputs(self, incident_id: str, attempt: int) -> tuple[StageOutput, ...]:
        """Everything that the stages of an attempt gave."""
        return await self._read(lambda c: moves.get_outputs(c, incident_id, attempt))

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
        move = commits.Move(
            incident=incident,
            expected=expected,
            now=now,
            outputs=outputs,
            notes=notes,
            following=following,
        )
        return await self._write(lambda c: commits.make(c, self._keys, move))

    async def count_in(
        self,
        *,
        incident: Incident,
        expected: tuple[Stage, int],
        now: Instant,
        outputs: Sequence[StageOutput],
        notes: Sequence[Note],
        proviso: Proviso,
    ) -> bool:
        """Move an incident to EXECUTING beside what others executed, or nothing at all."""
        move = commits.Move(
            incident=incident,
            expected=expected,
            now=now,
            outputs=outputs,
            notes=notes,
            proviso=proviso,
        )
        return await self._write(lambda c: commits.make(c, self._keys, move))

    async def append(self, incident_id: str, notes: Sequence[Note], now: Instant) -> None:
        """Add events without moving the incident."""

        def work(connection: Connection) -> None:
            _, head = rows.hold_incident(connection, incident_id)
            head = chain.add_links(connection, self._keys, head, notes, now)
            rows.change_incident(connection, incident_id, **chain.head_columns(head))

        await self._write(work)

    async def events(self, incident_id: str, after: int = 0) -> tuple[Event, ...]:
        """The timeline from a sequence number on, payloads opened where they are still there."""
        return await self._read(lambda c: chain.read_events(c, self._keys, incident_id, after))

    async def newest(self, incident_id: str, kind: str) -> Event | None:
        """The newest event of a kind."""
        return await self._read(lambda c: chain.newest_event(c, self._keys, incident_id, kind))

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
        keys, switched = self._keys, self._switched
        return await self._write(
            lambda c: decisions.answer(c, keys, incident_id, approval, switched)
        )

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

    async def mark(self, *handed: NextSegment) -> None:
        """These segments were handed over."""
        await self._write(lambda c: outbox.mark(c, handed))

    async def wake(self, incident_id: str) -> bool:
        """What an incident waited for in the middle of acting is free."""
        return await self._write(lambda c: moves.wake(c, incident_id))

    async def due_again(self) -> None:
        """Have what is under way handed over once more: the workflow may have lost its history."""
        await self._write(outbox.due_again)

    async def load(self) -> Load:
        """How much there is to do now."""
        return await self._read(counting.load)

    async def executions_since(self, since: Instant, besides: str) -> int:
        """How many plans of other incidents than this were executed since then."""
        return await self._read(lambda c: executed.executions_since(c, since, besides))

    async def executed_since(self, since: Instant, besides: str) -> tuple[Executed, ...]:
        """Those plans, undos left out, newest first: the newest thousand."""
        return await self._read(lambda c: executed.executed_since(c, since, besides))

    async def reset(self, incident_id: str, attempt: int, given: Reset) -> Decided:
        """A person closes a breaker; NotFound."""
        keys = self._keys
        return await self._write(lambda c: resets.reset(c, keys, incident_id, attempt, given))

    async def recur(self, recurrence: Recurrence) -> Recurrence:
        """Trouble that was proven fixed is back; NotFound."""
        return await self._write(lambda c: recurrences.recur(c, self._keys, recurrence))

    async def verified_since(
        self, since: Instant, limit: int, of: tuple[str, str] | None = None
    ) -> tuple[Incident, ...]:
        """What was proven fixed since then, the last closed first."""
        return await self._read(lambda c: rows.list_verified(c, since, limit, of))

    async def spent_since(self, since: Instant) -> tuple[Spent, ...]:
        """What each incident has cost that was open since then, and cost anything."""
        return await self._read(lambda c: spending.spent_since(c, since))

    async def checkpoint(self, now: Instant) -> Checkpoint | None:
        """Sign all heads; None when nothing is new since the last."""
        draw_up = partial(checkpoints.draw_up, keys=self._keys, now=now)
        while (drawn := await self._read(draw_up)) is not None:
            if await self._write(partial(checkpoints.store, drawn=drawn)):
                return drawn.checkpoint
        return None
