"""What is on record of an attempt, read back as the values that were written."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from pydantic import BaseModel

from vigil.close.learn import Attempt
from vigil.decide.synthesize import Synthesis
from vigil.domain.afterlook import MOST_LOOKS, Afterlook
from vigil.domain.briefing import Briefing
from vigil.domain.case import Investigation, Ranking, Recollection
from vigil.domain.catalogue import Catalogue
from vigil.domain.ending import Ending
from vigil.domain.errors import VigilError
from vigil.domain.incident import Incident, Stage
from vigil.domain.plan import Execution, Plan
from vigil.domain.proof import Proof
from vigil.domain.recurrence import Recurrence
from vigil.domain.swarm import SwarmReport, SwarmSpec
from vigil.domain.value import Value
from vigil.domain.verdict import Answer, Approval, Cancellation, Decision, Verdict
from vigil.ports.journal import Journal, StageOutput
from vigil.verify.baseline import Baseline

T = TypeVar("T", bound=BaseModel)

# The names under which a stage records what it gave; most record one thing only.
OUTPUT = "output"
VERDICT = "verdict"
DRY_RUN = "dry_run"
GLANCE = "glance"
BASELINE = "baseline"
ROLLBACK = "rollback"
ENDING = "ending"
RECURRENCE = "recurrence"
"""With what is back it is of HYPOTHESIS_RECEIVED, with what was thought to be over of VERIFYING."""
AFTERLOOK = "afterlook-"
"""And the number of its moment."""
BEGUN = "begun-"
"""And the action's id."""
SWARM = "swarm"
SENT = "swarm_sent-"
"""And a number from 1: how often the swarm of this attempt was sent."""


class Begun(Value):
    """An action may have been asked for, whatever came of it."""

    action: str


class Sent(Value):
    """A swarm was sent, whatever came of it."""

    spec: SwarmSpec
    journey: str


@dataclass(frozen=True)
class Tried:
    """A plan that was executed."""

    plan: Plan
    execution: Execution
    proof: Proof


@dataclass(frozen=True)
class Recorded:
    """One attempt on one incident, as the journal has it.

    An attempt is read once, all of it: what is on record stays as it is, and while a run has the
    incident nobody else adds to it. What that run itself writes is remembered.
    """

    journal: Journal
    incident: str
    attempt: int
    known: dict[int, dict[tuple[Stage, str], str]] = field(default_factory=dict, compare=False)

    def of(self, attempt: int) -> "Recorded":
        """Another attempt on the same incident."""
        return replace(self, attempt=attempt)

    async def read(self, stage: Stage, kind: type[T], name: str = OUTPUT) -> T | None:
        """One output of one stage."""
        if self.attempt not in self.known:
            written = await self.journal.outputs(self.incident, self.attempt)
            self.known[self.attempt] = {(o.stage, o.name): o.json_text for o in written}
        text = self.known[self.attempt].get((stage, name))
        return None if text is None else kind.model_validate_json(text)

    def remember(self, written: Iterable[StageOutput]) -> None:
        """These are on record; of an attempt that was not read yet they are read with the rest."""
        for output in written:
            if output.attempt in self.known:
                place = (output.stage, output.name)
                self.known[output.attempt].setdefault(place, output.json_text)

    async def undo(self) -> Plan | None:
        """The plan of an attempt that is a rollback."""
        return await self.read(Stage.SYNTHESIZING, Plan, ROLLBACK)

    async def plan(self) -> Plan | None:
        """The undo that the attempt began with, or what was synthesized in it."""
        undo = await self.undo()
        if undo is not None:
            return undo
        synthesis = await self.read(Stage.SYNTHESIZING, Synthesis)
        return synthesis.plan if synthesis else None

    async def verdict(self) -> Verdict | None:
        """The gate's first word on the plan."""
        return await self.read(Stage.SYNTHESIZING, Verdict, VERDICT)

    async def answer(self, plan_digest: str) -> Approval | None:
        """The answer to a plan that waited."""
        return await self.journal.approval(self.incident, plan_digest)

    async def cancellation(self) -> Cancellation | None:
        """Who took the incident in hand, in whichever attempt; a fresh look."""
        return await self.journal.cancellation(self.incident)

    async def approved_digest(self, plan: Plan) -> str:
        """The digest that the gate or a person named; VigilError when nobody did."""
        answer = await self.answer(plan.digest)
        if answer is not None and answer.answer is Answer.APPROVED:
            return answer.plan_digest
        verdict = await self.verdict()
        allowed = verdict is not None and verdict.decision is Decision.ALLOW
        if verdict is None or not allowed or verdict.plan_digest != plan.digest:
            raise VigilError(f"nobody approved plan {plan.digest} of incident {self.incident}")
        return verdict.plan_digest

    async def begun(self, action: str) -> bool:
        """Whether a run of this attempt may have asked for this action."""
        return await self.read(Stage.EXECUTING, Begun, f"{BEGUN}{action}") is not None

    async def baseline(self) -> Baseline | None:
        """How everything looked before the first action that was begun; None: none was."""
        return await self.read(Stage.EXECUTING, Baseline, BASELINE)

    async def execution(self) -> Execution | None:
        """What became of the plan's actions, or why none was begun."""
        return await self.read(Stage.EXECUTING, Execution)

    async def sent(self, number: int) -> bool:
        """Whether the attempt's swarm was sent so many times."""
        return await self.read(Stage.VERIFYING, Sent, f"{SENT}{number}") is not None

    async def swarm(self) -> SwarmReport | None:
        """What became of it; None: its end was not seen."""
        return await self.read(Stage.VERIFYING, SwarmReport, SWARM)

    async def proof(self) -> Proof | None:
        """What verification found."""
        return await self.read(Stage.VERIFYING, Proof)

    async def recurrence(self) -> Recurrence | None:
        """What this is a recurrence of; None: it is new trouble, or nobody has asked yet."""
        return await self.read(Stage.HYPOTHESIS_RECEIVED, Recurrence, RECURRENCE)

    async def recurrence_of_it(self) -> Recurrence | None:
        """As what it came back after this attempt was proven; None: it did not."""
        return await self.read(Stage.VERIFYING, Recurrence, RECURRENCE)

    async def afterlooks(self) -> tuple[Afterlook, ...]:
        """What was seen after this attempt was proven, oldest first."""
        found = [
            await self.read(Stage.VERIFYING, Afterlook, f"{AFTERLOOK}{number}")
            for number in range(1, MOST_LOOKS + 1)
        ]
        return tuple(look for look in found if look is not None)

    async def tried(self) -> Tried | None:
        """The attempt, if its plan was executed and verified."""
        plan, proof = await self.plan(), await self.proof()
        execution = await self.execution()
        if plan is None or execution is None or proof is None:
            return None
        return Tried(plan, execution, proof)

    async def tried_before(self) -> Tried | None:
        """The attempt before this one, if it was executed: what a rollback is about to undo."""
        return await self.of(self.attempt - 1).tried()

    async def when_asked(self) -> Baseline | None:
        """How everything looked when a person was asked; None: nobody was."""
        return await self.read(Stage.SYNTHESIZING, Baseline, GLANCE)

    async def before_the_remedy(self) -> Baseline | None:
        """How everything looked before what a rollback is about to undo."""
        return await self.of(self.attempt - 1).baseline()

    async def ending(self, stage: Stage) -> Ending | None:
        """How it ends, if that was settled in this stage."""
        return await self.read(stage, Ending, ENDING)

    async def briefing(self, incident: Incident, catalogue: Catalogue) -> Briefing:
        """What orient left, for the reasoner; VigilError when it left less."""
        investigation = await self.read(Stage.INVESTIGATING, Investigation)
        ranking = await self.read(Stage.HYPOTHESIS_RECEIVED, Ranking)
        recollection = await self.read(Stage.CONTEXT_RETRIEVED, Recollection)
        if investigation is None or ranking is None or recollection is None:
            raise VigilError(f"incident {self.incident} was not oriented before deciding")
        return Briefing(
            incident=incident,
            service=catalogue.services[incident.service],
            hypotheses=ranking.hypotheses,
            evidence=investigation.evidence,
            matches=recollection.matches,
            past=recollection.past,
        )

    async def lived_through(self) -> tuple[Attempt, ...]:
        """All attempts up to this one that began with a ranking, oldest first, to learn from."""
        found = [await self.of(number).from_ranking() for number in range(1, self.attempt + 1)]
        return tuple(attempt for attempt in found if attempt is not None)

    async def from_ranking(self) -> Attempt | None:
        """What the attempt left from its ranking on; a rollback has none."""
        ranking = await self.read(Stage.HYPOTHESIS_RECEIVED, Ranking)
        if ranking is None:
            return None
        recalled = await self.read(Stage.CONTEXT_RETRIEVED, Recollection)
        return Attempt(
            number=self.attempt,
            top=ranking.top,
            matches=recalled.matches if recalled else (),
            plan=await self.plan(),
            execution=await self.execution(),
            proof=await self.proof(),
        )
