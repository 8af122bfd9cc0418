"""What hears and takes in, on a record of its own, with deliveries to give to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import event, text
from tests.support.hand_clock import START, HandClock
from tests.support.record import Record, open_record
from tests.support.world import catalogue

from vigil.domain.alert import Alert, AlertStatus, Delivery
from vigil.taking_in import Pause, Room, TakingIn, unlimited
from vigil.writing_down import WritingDown

PATIENCE_S = 60.0


@dataclass
class Desk:
    """One Vigil's way in."""

    record: Record
    clock: HandClock
    inbox: WritingDown
    taking_in: TakingIn
    commits: list[int] = field(default_factory=list)
    """Grows by one with each transaction."""

    async def put(self, *deliveries: Delivery) -> None:
        """All at once, as a storm."""
        await asyncio.gather(*(self.inbox.put(one) for one in deliveries))

    async def take_in(self) -> None:
        """Until nothing moves any more."""
        while await self.taking_in.round() not in (Pause.UNTIL_WRITTEN, Pause.A_WHILE):
            pass

    async def waiting(self) -> dict[str, int]:
        return {line.source: line.waiting for line in await self.record.inbox.lines()}

    async def counts(self) -> dict[str, int]:
        """How often each alert was heard, by its delivery key."""
        with self.record.engine.begin() as connection:
            rows = connection.execute(text("SELECT delivery_key, count FROM deliveries")).all()
        return {str(key): int(count) for key, count in rows}

    def execute(self, statement: str, **values: int) -> None:
        with self.record.engine.begin() as connection:
            connection.execute(text(statement), values)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[asyncio.Event]:
        """The loop goes on meanwhile; the event is set when something was taken in."""
        taken = asyncio.Event()
        self.taking_in.told = lambda _: taken.set()
        work = asyncio.create_task(self.taking_in.work())
        yield taken
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


def open_desk(directory: Path, url: str | None = None, room: Room = unlimited) -> Desk:
    record, clock = open_record(directory, url), HandClock()
    # What is tested is what becomes of a storm, and not how long a busy machine takes for it.
    inbox = WritingDown(record.inbox, clock, patience_s=PATIENCE_S)
    taking_in = TakingIn(record.inbox, catalogue(), clock, inbox.written, room)
    desk = Desk(record, clock, inbox, taking_in)
    event.listen(record.engine, "commit", lambda _: desk.commits.append(1))
    return desk


def complaint(
    name: str = "CheckoutErrors",
    fingerprint: str = "f",
    status: AlertStatus = AlertStatus.FIRING,
    source: str = "alertmanager",
) -> Alert:
    return Alert(
        source=source,
        name=name,
        service="web",
        status=status,
        fingerprint=fingerprint,
        starts_at=START,
    )


def delivery(alert: Alert, *ids: str) -> Delivery:
    return Delivery(source=alert.source, alerts=(alert,), ids=ids)
