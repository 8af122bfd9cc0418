"""Progress of one incident through its stages, from rows and to rows.

A stage's output is read first and worked out only when it is not on record, and it is committed
together with its events. So a segment can be started again from its beginning at any time, by any
process, and does over again only what was not finished.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TypeVar

from pydantic import BaseModel, JsonValue

from vigil.domain.ending import Ending
from vigil.domain.errors import LockHeld, PermanentError
from vigil.domain.incident import Incident, Stage, WaitingOn
from vigil.domain.plan import Plan
from vigil.domain.verdict import Verdict
from vigil.ports.clock import Clock
from vigil.ports.journal import Journal, NextSegment, Note, Proviso, StageOutput
from vigil.ports.workflow import Segment
from vigil.story.recorded import BASELINE, BEGUN, ENDING, OUTPUT, ROLLBACK, VERDICT, Begun, Recorded

T = TypeVar("T", bound=BaseModel)


class MovedOn(PermanentError):
    """Another run has taken this incident further; this run has nothing left to do."""


class Progress:
    """One incident in one attempt, moving forward."""

    def __init__(self, incident: Incident, attempt: int, journal: Journal, clock: Clock) -> None:
        self.incident = incident
        self.attempt = attempt
        self._journal = journal
        self._clock = clock
        self._holds = True
        self._recorded = Recorded(journal, incident.id, attempt)

    @property
    def recorded(self) -> Recorded:
        """What this attempt has on record so far."""
        return self._recorded

    async def stage(
        self,
        stage: Stage,
        kind: type[T],
        work: Callable[[], Awaitable[T]],
        tell: Callable[[T], Sequence[Note]],
        name: str = OUTPUT,
    ) -> T:
        """On record? Give it. Otherwise enter the stage, do the work and commit it."""
        recorded = await self.recorded.read(stage, kind, name)
        if recorded is not None:
            return recorded
        await self.enter(stage)
        value = await work()
        await self._commit(
            self.incident, outputs=[self._output(stage, name, value)], notes=tell(value)
        )
        return value

    async def enter(self, stage: Stage) -> None:
        """Move to a stage, unless a former run got there already."""
        if self.incident.stage is stage:
            return
        moved = self.incident.moved(stage, self._clock.now())
        await self._commit(moved, notes=[_entered(stage, self.attempt)])

    async def count_in(self, verdict: Verdict, proviso: Proviso) -> bool:
        """Enter EXECUTING by this word of the gate, unless a former run got there already.

        False, and nothing, where the proviso does not hold of what others have executed by now.
        """
        if self.incident.stage is Stage.EXECUTING:
            return True
        incident = self.incident.moved(Stage.EXECUTING, self._clock.now())
        outputs = [self._output(Stage.EXECUTING, VERDICT, verdict)]
        written = await self._journal.count_in(
            incident=incident,
            expected=(self.incident.stage, self.incident.attempt),
            now=self._clock.now(),
            outputs=outputs,
            notes=[_entered(Stage.EXECUTING, self.attempt)],
            proviso=proviso,
        )
        if written:
            self.incident = incident
            self.recorded.remember(outputs)
        elif (await self._journal.incident(incident.id)).claim != incident.claim:
            raise self._moved_on()  # Whoever cancels takes it away as well, before EXECUTING.
        return written

    async def let_go(self) -> None:
        """Give the incident back, where no commit of this run has: others may take it up."""
        if self._holds:
            await self._journal.let_go(self.incident)

    async def append(self, note: Note) -> None:
        """Add an event."""
        await self._journal.append(self.incident.id, [note], self._clock.now())

    async def hand_over(self, segment: Segment, *, plan_digest: str | None = None) -> None:
        """The next segment goes on from here."""
        following = NextSegment(segment=segment, incident=self.incident.id, attempt=self.attempt)
        judged = self.incident.model_copy(
            update={"plan_digest": plan_digest or self.incident.plan_digest}
        )
        await self._commit(judged, following=following)

    async def wait_for_approval(self, plan_digest: str, at_most: timedelta) -> None:
        """From here on the incident is only rows, until the plan is answered or its time is up."""
        expires_at = self._clock.now() + at_most
        waiting = self.incident.model_copy(
            update={
                "waiting_on": WaitingOn.APPROVAL,
                "plan_digest": plan_digest,
                "expires_at": expires_at,
            }
        )
        payload: dict[str, JsonValue] = {
            "on": "approval",
            "plan_digest": plan_digest,
            "expires_at": expires_at.isoformat(),
        }
        await self._commit(waiting, notes=[Note(kind="waiting", payload=payload)])

    async def begin(self, action: str, baseline: BaseModel, notes: Sequence[Note]) -> bool:
        """Put on record that an action is begun, and with the first how everything looked before.

        False, and nothing, once somebody cancelled.
        """
        outputs = [self._output(Stage.EXECUTING, f"{BEGUN}{action}", Begun(action=action))]
        first = await self.recorded.baseline() is None
        if first:
            outputs.append(self._output(Stage.EXECUTING, BASELINE, baseline))
        return await self._commit(
            self.incident, outputs=outputs, notes=notes if first else (), begins=True
        )

    async def keep(
        self, name: str, value: BaseModel, notes: Sequence[Note], *, begins: bool = False
    ) -> bool:
        """Put one more thing of the present stage on record.

        False, and nothing, where it ``begins`` something and somebody cancelled.
        """
        output = self._output(self.incident.stage, name, value)
        return await self._commit(self.incident, outputs=[output], notes=notes, begins=begins)

    async def wait_for_locks(self, busy: LockHeld) -> None:
        """From here on the incident is only rows, until it is woken."""
        waiting = self.incident.model_copy(update={"waiting_on": WaitingOn.LOCKS})
        kept: dict[str, JsonValue] = dict(busy.held)
        payload: dict[str, JsonValue] = {"on": "locks", "held": kept, "text": str(busy)}
        await self._commit(waiting, notes=[Note(kind="waiting_for_locks", payload=payload)])

    async def roll_back(self, undo: Plan, notes: Sequence[Note]) -> bool:
        """Open the next attempt with the undo as its plan; it is decided like any other.

        False, and nothing, once somebody cancelled.
        """
        attempt = self.attempt + 1
        following = NextSegment(segment=Segment.DECIDE, incident=self.incident.id, attempt=attempt)
        moved = self.incident.moved(Stage.SYNTHESIZING, self._clock.now()).model_copy(
            update={"attempt": attempt}
        )
        output = self._output(Stage.SYNTHESIZING, ROLLBACK, undo).model_copy(
            update={"attempt": attempt}
        )
        notes = [*notes, _entered(Stage.SYNTHESIZING, attempt)]
        return await self._commit(
            moved, outputs=[output], notes=notes, following=following, begins=True
        )

    async def end(self, ending: Ending, notes: Sequence[Note] = ()) -> None:
        """Write down how it ends; the last segment closes it."""
        following = NextSegment(
            segment=Segment.CLOSE, incident=self.incident.id, attempt=self.attempt
        )
        output = self._output(self.incident.stage, ENDING, ending)
        await self._commit(self.incident, outputs=[output], notes=notes, following=following)

    async def close(self, stage: Stage, ending: Ending, learned: Sequence[Note] = ()) -> None:
        """The last move, with what was learned on the way to it."""
        moved = self.incident.moved(stage, self._clock.now(), outcome=ending.outcome)
        notes = [
            _entered(stage, self.attempt),
            *learned,
            Note(
                kind="closed",
                payload={
                    "outcome": ending.outcome,
                    "text": ending.text,
                    "look_next": list(ending.look_next),
                },
            ),
        ]
        await self._commit(moved, notes=notes)

    def _output(self, stage: Stage, name: str, value: BaseModel) -> StageOutput:
        return StageOutput(
            incident=self.incident.id,
            attempt=self.attempt,
            stage=stage,
            name=name,
            json_text=value.model_dump_json(),
        )

    async def _commit(
        self,
        incident: Incident,
        *,
        outputs: Sequence[StageOutput] = (),
        notes: Sequence[Note] = (),
        following: NextSegment | None = None,
        begins: bool = False,
    ) -> bool:
        """Write it down, also when somebody has cancelled: what was begun is carried through.

        False only when it ``begins`` something: then nothing was written.
        """
        while not (begins and self.incident.cancelled_by):
            written = await self._journal.commit(
                incident=incident,
                expected=(self.incident.stage, self.incident.attempt),
                now=self._clock.now(),
                outputs=outputs,
                notes=notes,
                following=following,
            )
            if written:
                self.incident = incident
                self.recorded.remember(outputs)
                waits_or_ends = incident.waiting_on is not None or incident.closed_at is not None
                self._holds = following is None and not waits_or_ends
                return True
            cancelled_by = await self._see_cancellation()
            incident = incident.model_copy(update={"cancelled_by": cancelled_by})
        return False

    async def _see_cancellation(self) -> str | None:
        """Who cancelled since this run looked last; MovedOn when it was refused for another reason.

        From here on this run knows of it, and what it commits is not refused for it again.
        """
        current = await self._journal.incident(self.incident.id)
        if current.cancelled_by == self.incident.cancelled_by:
            raise self._moved_on()
        self.incident = self.incident.model_copy(update={"cancelled_by": current.cancelled_by})
        return current.cancelled_by

    def _moved_on(self) -> MovedOn:
        return MovedOn(
            f"incident {self.incident.id} is no longer in {self.incident.stage}, attempt "
            f"{self.incident.attempt}; this run of it ends here"
        )


def _entered(stage: Stage, attempt: int) -> Note:
    return Note(kind="stage_entered", payload={"stage": stage, "attempt": attempt})
