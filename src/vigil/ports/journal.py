"""The record: incidents, stage outputs, timeline and outbox, committed together.

This port is not in the first plan of the house; docs/decisions says why it is one of its own.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from pydantic import JsonValue

from vigil.domain.alert import Alert, Delivery
from vigil.domain.incident import Incident, Stage
from vigil.domain.news import News
from vigil.domain.timeline import Checkpoint, Event, Head
from vigil.domain.value import Instant, Value
from vigil.domain.verdict import Approval, Cancellation
from vigil.ports.workflow import Segment

SETTLE = timedelta(seconds=60)
"""How long after a cure the same firing alert is still a repetition: a source looks at a window of
time, which lags behind the cure, and what it repeats out of that window must page nobody."""

REMEMBERED = timedelta(days=14)
"""How long the identifiers of deliveries are kept: a body that somebody recorded and sends again
is known for as long, and none of the sources repeats a delivery by itself for more than days."""


class Note(Value):
    """An event for an incident's timeline; time and chain are added by the journal."""

    kind: str
    payload: dict[str, JsonValue] = {}


class StageOutput(Value):
    """What one stage of one attempt gave, as JSON of a domain value."""

    incident: str
    attempt: int
    stage: Stage
    name: str = "output"
    """A stage may record more than one thing; the name tells them apart."""
    json_text: str


class NextSegment(Value):
    """A segment that is to run once this commit is on disk."""

    segment: Segment
    incident: str
    attempt: int
    turn: int = 1
    """How often it was begun on purpose: once more after each wait in the middle of it."""


class Full(Value):
    """There is no room in the inbox for a delivery of this source: it was not written down."""

    retry_after_s: int
    """When there should be some again."""


class Letter(Value):
    """One delivery that lies in the inbox."""

    number: int
    """Its place: later ones have higher numbers, and none is given twice."""
    source: str
    at: Instant
    """When it came."""
    delivery: Delivery | None
    """None when what lies there cannot be read (any more)."""


class Line(Value):
    """How much of one source lies in the inbox."""

    source: str
    waiting: int
    oldest_at: Instant | None
    """When the first of those that wait came."""
    set_aside: int
    set_aside_at: Instant | None
    """When the newest of those that were set aside came."""
    size: int
    """Bytes of all."""


class MappedAlert(Value):
    """An alert, and what it means here."""

    alert: Alert
    service: str
    symptom: str
    title: str
    new_id: str
    """Of the incident, if it opens one."""


class Arrival(Value):
    """A letter that is to be taken in."""

    number: int
    source: str
    at: Instant
    alerts: tuple[MappedAlert, ...] = ()
    traces: tuple[str, ...] = ()
    """Why some of it opens or joins nothing."""
    ids: tuple[str, ...] = ()
    """What its source calls it."""


class Joined(Value):
    """What became of a received alert."""

    incident: Incident | None
    """None when it resolved something that is not open, or repeated such a message."""
    opened: bool
    repeated: bool


class TakenIn(Value):
    """What became of an arrival, alert by alert."""

    arrival: Arrival
    joined: tuple[Joined, ...]
    replayed: bool = False
    """It came before, and changed nothing now."""


class Decided(Value):
    """What became of an answer, or of a cancellation: ``won`` is exactly one for a plan.

    ``text`` goes on after "but": it says what happened instead, by whom and when.
    """

    won: bool
    text: str
    approval: Approval | None


class Load(Value):
    """How much there is to do: all counts are of incidents that are open."""

    open: int
    under_way: int
    """Taken up by some worker."""
    for_approval: int
    for_locks: int
    due: int
    """Segments that were written and not yet handed to the workflow."""
    oldest_waiting_at: Instant | None
    """When the oldest of those that wait, for whatever it is, was opened."""

    @property
    def queued(self) -> int:
        """What waits for nothing but a worker."""
        return self.open - self.under_way - self.for_approval - self.for_locks


class Journal(Protocol):
    """The only thing that is believed after a crash.

    1. ``receive`` takes letters out of the inbox and hears their alerts, all in one transaction; of
       several that receive the same letter one does. The same delivery key again is a repetition
       and changes nothing but a count, unless its source repeats it and it fires more than
       ``SETTLE`` after its incident was RESOLVED: then it is heard like a new alert, and its key
       belongs to the incident that it opens or joins; a firing alert opens an incident or joins the
       open one of its (service, symptom), never two, also when two arrive at once; one that was
       escalated is joined too, until the trouble is said to be over; a new incident comes with its
       first event and its first segment.
    2. ``commit`` writes incident, outputs, events and next segment in one transaction, or nothing;
       a commit whose ``expected`` stage and attempt are not those on record, or whose incident has
       been taken up by another run or been cancelled since, writes nothing and returns False.
    3. Outputs are written once: the first stays.
    4. ``append`` and ``commit`` make each event the next link of the incident's chain; two at once
       never share a place.
    5. ``answer`` is a compare-and-set: of any number of answers to the plan that waits exactly one
       wins, and the next segment is written with it; an answer to another digest never wins. Nor
       does an approval win after ``expires_at``, or an expiry before it.
    6. ``due`` gives segments not yet marked, oldest first; marking is idempotent.
    7. ``checkpoint`` signs the heads of all chains and is chained to the one before.
    8. ``due_again`` makes the last segment of each incident that is open and waits for nobody due
       once more, marked or not, and no other one.
    9. An arrival of which any identifier was received before is a replay: nothing of it is heard,
       nor are its other identifiers remembered. They are known for ``REMEMBERED`` at least, across
       restarts, and each belongs to its source.
    10. ``heads`` gives the newest link of each open incident and of the newest ones, at most
        ``limit`` of either, so that somebody who looks again sees what has changed. ``news`` gives
        another version after each change of an incident.
    11. ``take_up`` gives an incident to one worker at a time (``LockHeld`` for the others), and to
        none when it is closed, in another attempt, or when a later segment of its attempt has been
        written; what an earlier run of the same worker commits after it is refused. A commit that
        hands over, waits or closes lets go, as do ``let_go`` and ``forfeit``.
    12. ``said_to_be_over`` is true when the last that any source said of an incident is that it
       ended, and reads no payload for it.
    13. What ``write_down`` gave a number is on disk, and the numbers grow. The inbox is bounded in
        rows and bytes, as a whole and by source; a source that has little in it always finds room,
        whatever others sent.
    14. ``letters`` come in the order of their numbers and stay until they are received; what was
        ``set_aside`` is none of them until it is to be tried again.
    15. ``cancel`` wins once, and only before it is on record how the incident ends. Of a plan that
        waits it is the answer. Before EXECUTING the last segment is written with it, and the run
        under way is overtaken; from EXECUTING on that run goes on once it knows.
    16. ``overdue`` gives the incidents whose plan still waits after its ``expires_at``, the longest
        overdue first.
    17. ``wake`` is a compare-and-set: an incident that waits for locks waits no more, and its
        acting is due in another turn; of any other nothing is changed. Marking a segment as handed
        over marks that turn only.
    """

    async def write_down(
        self, deliveries: Sequence[Delivery], now: Instant
    ) -> tuple[int | Full, ...]:
        """Put deliveries into the inbox, in this order; for each its number, or no room."""
        ...

    async def inbox(self) -> tuple[Line, ...]:
        """How much lies there, by source; whose letter has waited longest comes first."""
        ...

    async def letters(self, source: str, limit: int) -> tuple[Letter, ...]:
        """The first of those of a source that wait; fewer than ``limit`` where they are large."""
        ...

    async def receive(self, arrivals: Sequence[Arrival]) -> tuple[TakenIn, ...]:
        """Take letters in; for each that was still there, what became of it."""
        ...

    async def set_aside(self, number: int, why: str) -> None:
        """This letter cannot be taken in: it waits no more, and is kept for a person."""
        ...

    async def try_again(self, since: Instant) -> None:
        """What was set aside and came after this moment waits again."""
        ...

    async def incident(self, incident_id: str) -> Incident:
        """One incident; NotFound."""
        ...

    async def take_up(self, following: NextSegment, worker: str) -> Incident | None:
        """The incident with a claim of its own; None: nothing is left to do. LockHeld, NotFound."""
        ...

    async def let_go(self, incident: Incident) -> None:
        """Give back what ``take_up`` gave, when a run ends before its segment does."""
        ...

    async def forfeit(self, workers: Sequence[str]) -> None:
        """These workers are dead or gone: what they had taken up may be taken up by others."""
        ...

    async def incidents(self, limit: int = 100, *, only_open: bool = False) -> tuple[Incident, ...]:
        """Newest first."""
        ...

    async def output(
        self, incident_id: str, attempt: int, stage: Stage, name: str = "output"
    ) -> str | None:
        """JSON of what a stage gave, or None."""
        ...

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
        ...

    async def append(self, incident_id: str, notes: Sequence[Note], now: Instant) -> None:
        """Add events without moving the incident."""
        ...

    async def events(self, incident_id: str, after: int = 0) -> tuple[Event, ...]:
        """The timeline from a sequence number on, payloads opened where they are still there."""
        ...

    async def heads(self, limit: int) -> tuple[Head, ...]:
        """How far the timelines have come."""
        ...

    async def news(self, incident_id: str) -> News:
        """How far one incident has come; NotFound."""
        ...

    async def said_to_be_over(self, incident_id: str) -> bool:
        """Whether the last that any source said of it is that it ended."""
        ...

    async def answer(self, incident_id: str, approval: Approval) -> Decided:
        """A person's answer to the plan that waits, or Vigil's own; NotFound."""
        ...

    async def cancel(self, incident_id: str, cancellation: Cancellation) -> Decided:
        """A person takes the incident in hand; NotFound."""
        ...

    async def cancellation(self, incident_id: str) -> Cancellation | None:
        """Who took the incident in hand, if anybody did."""
        ...

    async def overdue(self, now: Instant, limit: int) -> tuple[Incident, ...]:
        """Incidents whose plan nobody answered in time."""
        ...

    async def approval(self, incident_id: str, plan_digest: str) -> Approval | None:
        """The answer that won, if there is one."""
        ...

    async def due(self, limit: int) -> tuple[NextSegment, ...]:
        """Segments written and not yet handed to the workflow engine."""
        ...

    async def mark(self, following: NextSegment) -> None:
        """This segment was handed over."""
        ...

    async def wake(self, incident_id: str) -> bool:
        """What an incident waited for in the middle of acting is free; NotFound."""
        ...

    async def due_again(self) -> None:
        """Have what is under way handed over once more: the workflow may have lost its history."""
        ...

    async def load(self) -> Load:
        """How much there is to do now."""
        ...

    async def executions_since(self, since: Instant) -> int:
        """How many plans were executed since then, for the breaker."""
        ...

    async def checkpoint(self, now: Instant) -> Checkpoint | None:
        """Sign all heads; None when nothing is new since the last."""
        ...

    async def erase_payloads(self, incident_id: str, now: Instant) -> int:
        """Erase what happened and keep that it happened; says how many payloads went."""
        ...
