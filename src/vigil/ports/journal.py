"""The record: incidents, stage outputs, timeline and outbox, committed together.

How incidents come into it is the inbox's (``ports/inbox.py``).

This port is not in the first plan of the house; docs/decisions says why it is one of its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import JsonValue

from vigil.domain.breaker import Reset
from vigil.domain.cost import Spent
from vigil.domain.executed import Executed
from vigil.domain.incident import Incident, Stage
from vigil.domain.news import News
from vigil.domain.recurrence import Recurrence
from vigil.domain.timeline import Checkpoint, Event, Head
from vigil.domain.value import Instant, Value
from vigil.domain.verdict import Approval, Cancellation
from vigil.ports.workflow import Segment


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


@dataclass(frozen=True, kw_only=True)
class Proviso:
    """What has to hold, of what other incidents executed, for a plan to be begun beside it."""

    since: Instant
    each: bool
    """Whether ``holds`` has to be told of each of those plans, and not of their number only."""
    holds: Callable[[int, tuple[Executed, ...]], bool]
    """Of what ``executions_since`` and, if it has to be, ``executed_since`` tell of the others.

    It is asked within a transaction that keeps others waiting, in another thread and perhaps more
    than once: so it only computes.
    """


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

    1. ``commit`` writes incident, outputs, events and next segment in one transaction, or nothing;
       a commit whose ``expected`` stage and attempt are not those on record, or whose incident has
       been taken up by another run or been cancelled since, writes nothing and returns False.
    2. Outputs are written once: the first stays.
    3. ``append`` and ``commit`` make each event the next link of the incident's chain; two at once
       never share a place.
    4. ``answer`` is a compare-and-set: of any number of answers to the plan that waits exactly one
       wins, and the next segment is written with it; an answer to another digest never wins. Nor
       does an approval win after ``expires_at`` or while Vigil is stopped (the plan then goes on
       waiting), or an expiry before it.
    5. ``due`` gives segments not yet marked, oldest first; marking is idempotent.
    6. ``checkpoint`` signs the heads of all chains and is chained to the one before.
    7. ``due_again`` makes the last segment of each incident that is open, waits for nobody and is
       taken up by nobody due in another turn, marked or not, and no other one.
    8. ``heads`` gives the newest link of each open incident and of the newest ones, at most
       ``limit`` of either, so that somebody who looks again sees what has changed. ``news`` gives
       another version after each change of an incident.
    9. ``take_up`` gives an incident to one worker at a time, and to none when it is closed, in
       another attempt, or when a later segment of its attempt has been written; what an earlier
       run of the same worker commits after it is refused. A commit that hands over, waits or
       closes lets go, as do ``let_go`` and ``forfeit``; what a forfeited worker had is due in
       another turn. ``claimants`` are the workers that have something.
    10. ``said_to_be_over`` is true when the last that any source said of an incident is that it
        ended, and reads no payload for it.
    11. ``cancel`` wins once, and only before it is on record how the incident ends. Of a plan that
        waits it is the answer. Before EXECUTING the last segment is written with it, and the run
        under way is overtaken; from EXECUTING on that run goes on once it knows.
    12. ``overdue`` gives the incidents whose plan still waits after its ``expires_at``, the longest
        overdue first.
    13. ``wake`` is a compare-and-set: an incident that waits for locks waits no more, and its
        acting is due in another turn; of any other nothing is changed. Marking a segment as handed
        over marks that turn only.
    14. ``executed_since`` tells of each plan what is on record of it: its runbook, the rules of the
        policy that fired, and how and when its proof came out, once it did. The rules are those of
        the word by which it was begun unasked (the output ``verdict`` of EXECUTING), or else of the
        first one. A proof that cannot be read is told as one that failed, rules as none.
    15. ``reset`` is a compare-and-set: of any number of resets of one breaker with one plan exactly
        one wins, and its event is written with it. ``executed_since`` names it with that plan from
        then on, and of the breaker of all ``executions_since`` counts neither what was begun up to
        that plan nor its undo.
    16. ``spent_since`` sums up what all attempts of an incident have cost, for each that was open
        at some time since then; what cost nothing is left out, and of what cannot be read the
        cost is None.
    17. ``count_in`` is a ``commit`` that moves to EXECUTING and is made only where its proviso
        holds of all that is on record as executed. From that look to the commit nothing else comes
        to be executed, whoever commits it, so of any number of plans that begin at once each one
        sees those before it. Where it does not hold nothing is written.
    18. ``recur`` is a compare-and-set: of any number of recurrences of one attempt exactly one is
        written, with its event on the former incident's timeline, and every caller is given that
        one. ``executed_since`` then tells the plan of that attempt as ``not_fixed``, known since
        the recurrence was, and what it came back as. What was on record before stays as it is.
    19. ``verified_since`` gives incidents that were closed ``verified`` at or after a moment, the
        last closed first; of one service and symptom, or of all.
    """

    async def incident(self, incident_id: str) -> Incident:
        """One incident; NotFound."""
        ...

    async def take_up(self, following: NextSegment, worker: str) -> Incident | None:
        """The incident with a claim of its own; None: nothing is left to do for it. NotFound."""
        ...

    async def let_go(self, incident: Incident) -> None:
        """Give back what ``take_up`` gave, when a run ends before its segment does."""
        ...

    async def forfeit(self, workers: Sequence[str]) -> None:
        """These workers are dead or gone: what they had taken up is for others to take up."""
        ...

    async def claimants(self) -> frozenset[str]:
        """The workers that have something taken up."""
        ...

    async def incidents(self, limit: int = 100, *, only_open: bool = False) -> tuple[Incident, ...]:
        """Newest first."""
        ...

    async def outputs(self, incident_id: str, attempt: int) -> tuple[StageOutput, ...]:
        """Everything that the stages of an attempt gave, in no order."""
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
        ...

    async def append(self, incident_id: str, notes: Sequence[Note], now: Instant) -> None:
        """Add events without moving the incident."""
        ...

    async def events(self, incident_id: str, after: int = 0) -> tuple[Event, ...]:
        """The timeline from a sequence number on, payloads opened where they are still there."""
        ...

    async def newest(self, incident_id: str, kind: str) -> Event | None:
        """The newest event of a kind, its payload opened where it is still there."""
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

    async def mark(self, *handed: NextSegment) -> None:
        """These segments were handed over, each of them in this turn."""
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

    async def executions_since(self, since: Instant, besides: str) -> int:
        """How many plans of other incidents than this were executed since then."""
        ...

    async def executed_since(self, since: Instant, besides: str) -> tuple[Executed, ...]:
        """Those plans, undos left out, newest first: the newest thousand."""
        ...

    async def reset(self, incident_id: str, attempt: int, given: Reset) -> Decided:
        """A person closes a breaker, up to the plan of this attempt; NotFound."""
        ...

    async def recur(self, recurrence: Recurrence) -> Recurrence:
        """Trouble that was proven fixed is back; the recurrence that stands. NotFound."""
        ...

    async def verified_since(
        self, since: Instant, limit: int, of: tuple[str, str] | None = None
    ) -> tuple[Incident, ...]:
        """What was proven fixed since then; ``of`` is a service and its symptom."""
        ...

    async def spent_since(self, since: Instant) -> tuple[Spent, ...]:
        """What incidents have cost."""
        ...

    async def checkpoint(self, now: Instant) -> Checkpoint | None:
        """Sign all heads; None when nothing is new since the last."""
        ...
