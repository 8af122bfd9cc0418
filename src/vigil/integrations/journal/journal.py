"""The record on SQLite or PostgreSQL: each call is one transaction, in a thread of its own."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlalchemy import Connection, Engine

from vigil.domain.alert import Alert
from vigil.domain.incident import Incident, Stage
from vigil.domain.timeline import Checkpoint, Event, Head
from vigil.domain.value import Instant
from vigil.domain.verdict import Approval
from vigil.integrations._clients.database import read, write
from vigil.integrations.journal import chain, checkpoints, intake, moves, outbox, replays, rows
from vigil.integrations.journal.keys import Keys
from vigil.ports.journal import Decided, Joined, NextSegment, Note, StageOutput

Result = TypeVar("Result")


class SqlJournal:
    """Fulfils ``ports.journal.Journal``; every promise rests on one transaction a call.

    A caller that is cancelled may find later that its call was done: a transaction under way is
    not torn apart.
    """

    def __init__(self, engine: Engine, keys: Keys) -> None:
        self._engine = engine
        self._keys = keys

    async def _write(self, work: Callable[[Connection], Result]) -> Result:
        return await asyncio.to_thread(write, self._engine, work)

    async def _read(self, work: Callable[[Connection], Result]) -> Result:
        return await asyncio.to_thread(read, self._engine, work)

    async def receive(
        self, *, alert: Alert, service: str, symptom: str, title: str, now: Instant, new_id: str
    ) -> Joined:
        """Open or join."""
        opening = Incident(
            id=new_id,
            service=service,
            symptom=symptom,
            severity=alert.severity,
            title=title,
            opened_at=now,
        )
        return await self._write(lambda c: intake.receive(c, self._keys, alert, opening))

    async def record_delivery(self, source: str, text: str, now: Instant) -> None:
        """Keep a trace of an authentic delivery that opened or joined nothing, and why."""
        await self._write(lambda c: intake.record_trace(c, source, text, now))

    async def seen_before(self, source: str, ids: Sequence[str]) -> bool:
        """Whether a delivery with any of these identifiers was taken in."""
        return await self._read(lambda c: replays.seen_before(c, source, ids))

    async def remember_delivery(self, source: str, ids: Sequence[str], now: Instant) -> None:
        """This delivery was taken in, and is on disk."""
        await self._write(lambda c: replays.remember(c, source, ids, now))

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

    async def said_to_be_over(self, incident_id: str) -> bool:
        """Whether the last that any source said of it is that it ended."""
        return await self._read(lambda c: rows.said_to_be_over(c, incident_id))

    async def answer(self, incident_id: str, approval: Approval) -> Decided:
        """A person's answer to the plan that waits."""
        return await self._write(lambda c: moves.answer(c, self._keys, incident_id, approval))

    async def approval(self, incident_id: str, plan_digest: str) -> Approval | None:
        """The answer that won, if there is one."""
        return await self._read(lambda c: rows.get_approval(c, incident_id, plan_digest))

    async def due(self, limit: int) -> tuple[NextSegment, ...]:
        """Segments written and not yet handed to the workflow engine."""
        return await self._read(lambda c: outbox.due(c, limit))

    async def mark(self, following: NextSegment) -> None:
        """This segment was handed over."""
        await self._write(lambda c: outbox.mark(c, following))

    async def due_again(self) -> None:
        """Have what is under way handed over once more: the workflow may have lost its history."""
        await self._write(outbox.due_again)

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
