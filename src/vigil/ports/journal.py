"""The record: incidents, stage outputs, timeline and outbox, committed together.

This port is not in the first plan of the house; docs/decisions says why it is one of its own.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from pydantic import JsonValue

from vigil.domain.alert import Alert
from vigil.domain.incident import Incident, Stage
from vigil.domain.timeline import Checkpoint, Event, Head
from vigil.domain.value import Instant, Value
from vigil.domain.verdict import Approval
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


class Joined(Value):
    """What became of a received alert."""

    incident: Incident | None
    """None when it resolved something that is not open, or repeated such a message."""
    opened: bool
    repeated: bool


class Decided(Value):
    """What became of an answer: ``won`` is exactly one for a plan."""

    won: bool
    text: str
    approval: Approval | None


class Journal(Protocol):
    """The only thing that is believed after a crash.

    1. ``receive``: the same delivery key again is a repetition and changes nothing but a count,
       unless its source repeats it and it fires more than ``SETTLE`` after its incident was
       RESOLVED: then it is heard like a new alert, and its key belongs to the incident that it
       opens or joins; a
       firing alert opens an incident or joins the open one of its (service, symptom), never two,
       also when two arrive at once; one that was escalated is joined too, until the trouble is
       said to be over; a new incident comes with its first event and its first segment.
    2. ``commit`` writes incident, outputs, events and next segment in one transaction, or nothing;
       a commit whose ``expected`` stage and attempt are not those on record, or whose incident has
       been taken up by another run since, writes nothing and returns False.
    3. Outputs are written once: the first stays.
    4. ``append`` and ``commit`` make each event the next link of the incident's chain; two at once
       never share a place.
    5. ``answer`` is a compare-and-set: of any number of answers to the plan that waits exactly one
       wins, and the next segment is written with it; an answer to another digest never wins.
    6. ``due`` gives segments not yet marked, oldest first; marking is idempotent.
    7. ``checkpoint`` signs the heads of all chains and is chained to the one before.
    8. ``due_again`` makes the last segment of each incident that is open and waits for nobody due
       once more, marked or not, and no other one.
    9. ``seen_before`` knows each identifier that was remembered for ``REMEMBERED`` at least, across
       restarts; remembering is idempotent, and forgets what is older.
    10. ``heads`` gives the newest link of each open incident and of the newest ones, at most
        ``limit`` of either, so that somebody who looks again sees what has changed.
    11. ``take_up`` gives an incident to one worker at a time, and to none when it is closed, in
        another attempt, or when a later segment of its attempt has been written; what an earlier
        run of the same worker commits after it is refused. A commit that hands over, waits or
        closes lets go, as do ``let_go`` and ``forfeit``.
    12. ``said_to_be_over`` is true when the last that any source said of an incident is that it
       ended, and reads no payload for it.
    """

    async def receive(
        self, *, alert: Alert, service: str, symptom: str, title: str, now: Instant, new_id: str
    ) -> Joined:
        """Open or join."""
        ...

    async def record_delivery(self, source: str, text: str, now: Instant) -> None:
        """Keep a trace of an authentic delivery that opened or joined nothing, and why."""
        ...

    async def seen_before(self, source: str, ids: Sequence[str]) -> bool:
        """Whether a delivery with any of these identifiers was taken in."""
        ...

    async def remember_delivery(self, source: str, ids: Sequence[str], now: Instant) -> None:
        """This delivery was taken in, and is on disk."""
        ...

    async def incident(self, incident_id: str) -> Incident:
        """One incident; NotFound."""
        ...

    async def take_up(self, following: NextSegment, worker: str) -> Incident | None:
        """The incident with a claim of its own, or None: there is nothing to do; NotFound."""
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

    async def said_to_be_over(self, incident_id: str) -> bool:
        """Whether the last that any source said of it is that it ended."""
        ...

    async def answer(self, incident_id: str, approval: Approval) -> Decided:
        """A person's answer to the plan that waits, or Vigil's own withdrawal."""
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

    async def due_again(self) -> None:
        """Have what is under way handed over once more: the workflow may have lost its history."""
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
